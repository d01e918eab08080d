"""What the operator's command line does about people, and the network never: the first Platform admin, lost factors."""

from pydantic import TypeAdapter, ValidationError

from gururmm_server.core.identity import _repository as repository
from gururmm_server.core.identity.invitations import create_link, find_or_add_person
from gururmm_server.core.identity.users import forget_factors
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import InvalidInput
from gururmm_server.infra.fields import Email, Name

_EMAIL = TypeAdapter[str](Email)
_NAME = TypeAdapter[str](Name)


async def create_platform_admin(db: Database, email: str, name: str, public_url: str) -> str:
    """Make somebody a Platform admin. Returns the one-time link with which they choose a password.

    The password, the second factor and the sessions of an account that exists are void from now on: whoever may run
    this command may also recover an account that was lost. Who is a Platform admin already keeps their name. Raises
    `InvalidInput` for what the dashboard's forms would refuse.
    """
    email = _checked(_EMAIL, email, "--email: this is not an e-mail address.")
    name = _checked(_NAME, name, "--name: a name has 1 to 200 characters and no control characters.")
    async with db.platform("gururmm admin create", f"make {email} a Platform admin"):
        pass
    async with db.identity() as tx:
        user_id = await find_or_add_person(tx, email)
        if await repository.make_platform_admin(tx, user_id):
            await repository.set_platform_name(tx, user_id, name)
        await repository.set_password(tx, user_id, None)
        await forget_factors(tx, user_id)
        return await create_link(tx, user_id, None, public_url)


async def reset_factors(db: Database, email: str) -> None:
    """Take the second factor of somebody who lost it away, wherever they work; their sign-ins end within seconds.

    For those of whom no Partner's admin may: who works for several, Platform staff, and a Partner's only admin. Raises
    `InvalidInput` where nobody has this address.
    """
    async with db.platform("gururmm admin reset-factor", f"take the second factor of {email} away"):
        pass
    async with db.identity() as tx:
        person = await repository.person_by_email(tx, email)
        if person is None:
            raise InvalidInput(f"--email: nobody here has the address {email}.")
        await forget_factors(tx, person.user_id)


def _checked(form: TypeAdapter[str], text: str, refusal: str) -> str:
    try:
        return form.validate_python(text)
    except ValidationError as error:
        raise InvalidInput(refusal) from error
