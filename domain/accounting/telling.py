"""One record told to its package: looked for where it may be there, else created, or changed."""

from domain.accounting.bookings import Booking, Document, Found, Party, Settlement
from domain.accounting.packages.package import Package
from domain.accounting.records import Begun


async def tell(package: Package, begun: Begun) -> Found:
    """Where it is now. Raises what packages.asking names."""
    if begun.external_id and isinstance(begun.booking, Party):
        return await package.change_party(begun.external_id, begun.booking)
    if (begun.look_first or begun.external_id) and (found := await find(package, begun.booking)):
        return found
    return await create(package, begun.booking)


async def find(package: Package, booking: Booking) -> Found | None:
    """What an attempt of which nothing was heard may have written."""
    match booking:
        case Party():
            return await package.find_party(booking)
        case Document():
            return await package.find_document(booking)
        case Settlement():
            return await package.find_settlement(booking)


async def create(package: Package, booking: Booking) -> Found:
    """A new one."""
    match booking:
        case Party():
            return await package.create_party(booking)
        case Document():
            return await package.create_document(booking)
        case Settlement():
            return await package.create_settlement(booking)
