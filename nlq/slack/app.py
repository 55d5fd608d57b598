"""Puts the Slack app together: Bolt with all ways in, and the workers behind it."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from psycopg_pool import ConnectionPool
from slack_bolt import App, BoltResponse
from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.callback_options import CallbackOptions, FailureArgs, SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient

from nlq.errors import SettingsError
from nlq.history import open_pool
from nlq.service import Service
from nlq.settings import Settings
from nlq.slack.answering import Answering
from nlq.slack.authorize import AsBot
from nlq.slack.buttons import Buttons
from nlq.slack.home import Home
from nlq.slack.jobs import Jobs
from nlq.slack.listeners import Listeners
from nlq.slack.manifest import SCOPES
from nlq.slack.people import People
from nlq.slack.sending import patient_client
from nlq.slack.threads import Threads
from nlq.slack.work import Work
from nlq.slack.workers import Workers
from nlq.slack.workspaces import Installations, OneWorkspace, States, Workspaces, ciphers

INSTALL_PATH, REDIRECT_PATH, EVENTS_PATH = "/slack/install", "/slack/oauth_redirect", "/slack/events"

_LAZY_THREADS = 4

_log = logging.getLogger("nlq.slack")


@dataclass(frozen=True)
class SlackApp:
    """The running Slack app. `oauth` is how workspaces install it, where that is set up."""

    bolt: App
    workers: Workers
    workspaces: Workspaces
    oauth: OAuthFlow | None
    pool: ConnectionPool

    def check(self) -> None:
        """Ask Slack whether it knows the token, where there is one for one workspace.

        Raises:
            SlackApiError: it does not.
        """
        if isinstance(self.workspaces, OneWorkspace):
            self.workspaces.find(None, None)

    def start(self) -> None:
        """Begin to work, first on what an earlier process left behind."""
        self.workers.start()

    def stop(self, grace_s: float = 20.0) -> None:
        """Finish what is under way and leave the rest to the next process."""
        self.workers.stop(grace_s)
        self.pool.close()


def build(service: Service) -> SlackApp:
    """The Slack app of the settings of `service`; it works once it is started.

    Raises:
        SettingsError: no token is set, nor what it takes to install the app.
    """
    settings = service.settings
    pool = open_pool(settings.writer_url or "", size=settings.slack.workers + 4)
    workspaces = _workspaces(settings, pool)
    jobs, people = Jobs(pool), People(settings.slack)
    answering = Answering(service, people, jobs, Threads(pool))
    work = Work(
        api_url=settings.slack.api_url,
        workspaces=workspaces,
        people=people,
        jobs=jobs,
        answering=answering,
        buttons=Buttons(service, people),
    )
    workers = Workers(jobs, work.do, settings.slack.workers)
    bolt = _bolt(settings, workspaces)
    home = Home(service, people)
    Listeners(jobs, workers.wake, answering.cancel, home, workspaces, settings.slack.api_url).register(bolt)
    return SlackApp(bolt, workers, workspaces, _oauth(settings, workspaces), pool)


def _workspaces(settings: Settings, pool: ConnectionPool) -> Workspaces:
    slack = settings.slack
    if slack.installable:
        return Installations(pool, ciphers(slack.encryption_keys), slack.workspaces)
    if slack.bot_token:
        return OneWorkspace(patient_client(slack.api_url, slack.bot_token))
    raise SettingsError(
        "Set NLQ_SLACK_BOT_TOKEN to the bot's token; docs/slack.md says where it is found. For several "
        "workspaces, set NLQ_SLACK_CLIENT_ID, NLQ_SLACK_CLIENT_SECRET and NLQ_SLACK_ENCRYPTION_KEY instead."
    )


def _bolt(settings: Settings, workspaces: Workspaces) -> App:
    """Bolt, which runs a listener before it acknowledges: what could not be written down is sent again."""
    return App(
        name="nlq",
        logger=_log,
        signing_secret=settings.slack.signing_secret or "",
        client=WebClient(base_url=settings.slack.api_url),
        authorize=AsBot(workspaces),  # type: ignore[arg-type]  # it takes an `Authorize` too
        process_before_response=True,
        listener_executor=ThreadPoolExecutor(_LAZY_THREADS, thread_name_prefix="slack-lazy"),
    )


def _oauth(settings: Settings, workspaces: Workspaces) -> OAuthFlow | None:
    if not isinstance(workspaces, Installations):
        return None
    slack = settings.slack
    redirect = f"{settings.sign_in.public_url}{REDIRECT_PATH}" if settings.sign_in.public_url else None
    return OAuthFlow(
        client=WebClient(base_url=slack.api_url),
        logger=_log,
        settings=OAuthSettings(
            client_id=slack.client_id,
            client_secret=slack.client_secret,
            scopes=SCOPES,
            redirect_uri=redirect,
            install_path=INSTALL_PATH,
            install_page_rendering_enabled=False,
            redirect_uri_path=REDIRECT_PATH,
            callback_options=CallbackOptions(success=_installed, failure=_not_installed),
            installation_store=workspaces,
            state_store=States(ciphers(slack.encryption_keys)),
        ),
    )


def _installed(args: SuccessArgs) -> BoltResponse:
    name = args.installation.team_name or args.installation.enterprise_name or "Slack"
    return _page(200, f"The app is installed in {name}. You can close this page and ask there.")


def _not_installed(args: FailureArgs) -> BoltResponse:
    why = str(args.error) if args.error else f"Slack said: {args.reason}."
    return _page(
        args.suggested_status_code, f"The app was not installed. {why} Begin again at {INSTALL_PATH}."
    )


def _page(status: int, sentence: str) -> BoltResponse:
    return BoltResponse(status=status, body=sentence, headers={"Content-Type": "text/plain; charset=utf-8"})
