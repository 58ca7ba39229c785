"""What signing in answers: `POST /auth_extended`, `POST /authenticate`, and who a token belongs to."""

import msgspec


class CMLSignInDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`auth_extended`; every key may be null. `admin` is None where the version does not say."""

    token: str | None = None
    admin: bool | None = None


class CMLUserDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`GET /users/{id}`, of which only one thing matters here."""

    admin: bool | None = None


_extended = msgspec.json.Decoder(CMLSignInDTO)
_bare = msgspec.json.Decoder(str)
_user = msgspec.json.Decoder(CMLUserDTO)


def decode_extended_sign_in(body: bytes) -> CMLSignInDTO:
    """Raises `msgspec.DecodeError` or `ValueError` for what holds no token."""
    answer = _extended.decode(body)
    if not answer.token:
        raise ValueError("there is no token in the answer")
    return answer


def decode_sign_in(body: bytes) -> CMLSignInDTO:
    """`authenticate` answers a bare JSON string. Raises `msgspec.DecodeError` or `ValueError`."""
    token = _bare.decode(body)
    if not token:
        raise ValueError("the token is empty")
    return CMLSignInDTO(token=token)


def decode_user(body: bytes) -> CMLUserDTO:
    """Raises `msgspec.DecodeError` for what is not a user."""
    return _user.decode(body)
