"""`nlq token`: a token with which a program comes in where people have to sign in."""

from typing import Annotated, Literal

import typer

from nlq import settings as settings_module
from nlq.cli import output
from nlq.errors import SettingsError


def token(
    name: Annotated[str, typer.Argument(help="What it is for, such as grafana.", show_default=False)],
    role: Annotated[
        Literal["asker", "reviewer", "admin"], typer.Option(help="What who has it may do.")
    ] = "asker",
) -> None:
    """Add a token to the file NLQ_API_TOKENS and print it, once; a line deleted there takes it back."""
    from nlq import api_tokens
    from nlq.signing_in import Role

    path = settings_module.load().sign_in.token_file
    if path is None:
        raise SettingsError("Set NLQ_API_TOKENS to the file that keeps the hashes of tokens.")
    print(api_tokens.add(path, name, Role[role.upper()]))
    output.note(f"Keep it: it is shown only now. Programs send it as Authorization: Bearer ... ({path}).")
