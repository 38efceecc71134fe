"""Signing in and who one is."""

from marshmallow import Schema, fields, validate

from millrace.accounts.account import Role
from millrace.accounts.identity import LONGEST_EMAIL, LONGEST_NAME
from millrace.accounts.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from millrace.api.schemas.answer import AnswerSchema, moment

LONGEST_TOKEN = 1000


class SetupSchema(AnswerSchema):
    """What somebody without an account may do here."""

    first_account = fields.Boolean(metadata={"description": "Whether the next account is the first and so the admin."})
    registration_open = fields.Boolean(metadata={"description": "Whether registering is possible now."})
    bootstrap_token_required = fields.Boolean(
        metadata={"description": "Whether registering needs the bootstrap token."}
    )


class UserSchema(AnswerSchema):
    """An account."""

    id = fields.UUID()
    email = fields.String()
    name = fields.String()
    role = fields.Enum(Role, by_value=fields.String)
    created_at = moment()


class AuthAnswerSchema(AnswerSchema):
    """An access token for the header `Authorization: Bearer`; the refresh token is a cookie."""

    access_token = fields.String()
    expires_in_seconds = fields.Integer()
    user = fields.Nested(UserSchema)


class RegistrationSchema(Schema):
    """A new account."""

    email = fields.String(
        required=True,
        validate=validate.Length(3, LONGEST_EMAIL, error="Give an e-mail address."),
        metadata={"example": "ada@example.org"},
    )
    password = fields.String(
        required=True,
        validate=validate.Length(
            SHORTEST_PASSWORD,
            LONGEST_PASSWORD,
            error=f"Use {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.",
        ),
        metadata={"format": "password"},
    )
    name = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_NAME, error=f"Give a name of at most {LONGEST_NAME} characters."),
        metadata={"example": "Ada Lovelace"},
    )
    bootstrap_token = fields.String(
        allow_none=True,
        validate=validate.Length(max=LONGEST_TOKEN),
        metadata={"description": "For the first account, where `bootstrap_token_required`."},
    )


class CredentialsSchema(Schema):
    """An e-mail address and its password."""

    email = fields.String(
        required=True, validate=validate.Length(max=LONGEST_EMAIL), metadata={"example": "ada@example.org"}
    )
    password = fields.String(
        required=True, validate=validate.Length(max=LONGEST_PASSWORD), metadata={"format": "password"}
    )
