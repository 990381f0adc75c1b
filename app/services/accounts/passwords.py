"""One's own password."""

from datetime import datetime

from sqlalchemy import delete

from app.db.database import Database
from app.errors import FieldError, ValidationFailed, WrongPassword
from app.models.accounts import AccessToken, Account
from app.policy import Principal
from app.security import digest, hash_password, password_matches
from app.services.accounts.attempts import Attempts
from app.services.audit import ledger
from app.services.audit.ledger import Actor
from app.text.bilingual import Bilingual

NOT_THE_PASSWORD = Bilingual("Mật khẩu hiện tại không đúng.", "This is not the current password.")


async def change(
    database: Database,
    attempts: Attempts,
    principal: Principal,
    *,
    secret: str,
    current: str,
    new: str,
    now: datetime,
    actor: Actor,
) -> None:
    """Set one's own password; tokens other than the one that asks (`secret`) end.

    Raises:
        ValidationFailed: the current password is another.
        TooManyAttempts: that happened too often.
    """
    try:
        async with attempts.turn(actor.name, actor.origin or ""):
            async with database.reading() as session:
                account = await session.get_one(Account, principal.account_id)
            if not await password_matches(current, account.password_hash):
                raise WrongPassword
    except WrongPassword:
        raise ValidationFailed(
            [FieldError("/current_password", "wrong_password", NOT_THE_PASSWORD)]
        ) from None
    new_hash = await hash_password(new)
    async with database.transaction() as session:
        session.add(account)  # with its version: a reset that came between is noticed
        await ledger.record(
            session,
            now=now,
            actor=actor,
            action="account.password_changed",
            subject=f"users/{account.username}",
            agency_id=account.agency_id,
        )
        account.password_hash = new_hash
        await session.flush()
        await session.execute(
            delete(AccessToken).where(
                AccessToken.account_id == account.id, AccessToken.token_hash != digest(secret)
            )
        )
