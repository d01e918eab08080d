"""A person who needs no invitation: the demo's admin, whose password the command line made and shows."""

from uuid import UUID

from gururmm_server.core.access.permissions import Role
from gururmm_server.core.identity import _repository as repository
from gururmm_server.core.identity.invitations import find_or_add_person
from gururmm_server.core.identity.passwords import Passwords
from gururmm_server.infra.database import Database


async def seed_partner_admin(db: Database, tenant_id: UUID, email: str, name: str, password: str) -> UUID:
    """Make this person an admin of the Partner with this password; the same again changes nothing."""
    passwords = Passwords()
    try:
        async with db.identity() as tx:
            known = await repository.person_by_email(tx, email)
        fits = known is not None and await passwords.verify(password, known.password_hash)
        fresh = None if fits else await passwords.hash(password)
    finally:
        passwords.close()
    async with db.identity(tenant_id) as tx:
        user_id = await find_or_add_person(tx, email)
        if fresh is not None:
            await repository.set_password(tx, user_id, fresh)
        await repository.add_member(
            tx, tenant_id, user_id, role=Role.PARTNER_ADMIN, client_id=None, name=name, accepted=True
        )
    return user_id
