"""By what of its record a machine can be searched: columns of the view `machines`, which is `a`."""

from typing import Final

from gururmm_server.core.search.fields import SearchField
from gururmm_server.core.search.kinds import Address, Ago, Bytes, Mac, Number, Text, Version
from gururmm_server.infra.sql import raw

FIELDS: Final = (
    SearchField(
        name="name",
        aliases=("hostname", "host"),
        sentence="What the machine calls itself.",
        examples=("name:web", 'name:="pc-17"'),
        kind=Text(raw("a.hostname_folded"), searched=True),
    ),
    SearchField(
        name="os",
        sentence="Its operating system, or the family of it: linux, windows, macos.",
        examples=("os:windows", 'os:"windows 10"', "os:debian"),
        kind=Text(raw("a.os_folded"), also=raw("a.os_family")),
    ),
    SearchField(
        name="user",
        sentence="Who uses it now, or did last.",
        examples=("user:anna", 'user:=""'),
        kind=Text(raw("a.username_folded"), searched=True),
    ),
    SearchField(
        name="serial",
        sentence="The serial number that its maker gave it.",
        examples=("serial:5CG",),
        kind=Text(raw("a.serial_folded"), searched=True),
    ),
    SearchField(
        name="client",
        sentence="Whose machine it is.",
        examples=("client:alder", 'client:="Alder Works"'),
        kind=Text(raw("a.client_folded"), searched=True),
    ),
    SearchField(
        name="site",
        sentence="Where it belongs.",
        examples=("site:warehouse", 'site:"head office"'),
        kind=Text(raw("a.site_folded"), searched=True),
    ),
    SearchField(
        name="model",
        aliases=("maker",),
        sentence="Its maker and what they call it.",
        examples=("model:optiplex", 'model:"dell latitude"'),
        kind=Text(raw("a.model_folded")),
    ),
    SearchField(
        name="processor",
        sentence="The name of its processor.",
        examples=("processor:i5", 'processor:"ryzen 7"'),
        kind=Text(raw("a.processor_folded")),
    ),
    SearchField(
        name="arch",
        sentence="For which kind of processor its system is made.",
        examples=("arch:x86_64", "arch:arm"),
        kind=Text(raw("lower(a.arch)"), searched=True),
    ),
    SearchField(
        name="ram",
        sentence="How much memory its system has: a little less than is built in.",
        examples=("ram:<=8gb", "ram:16gb", "ram:8gb..32gb"),
        kind=Bytes(raw("a.ram")),
    ),
    SearchField(
        name="cores",
        sentence="How many cores its processor has.",
        examples=("cores:4", "cores:>8"),
        kind=Number(raw("a.cores")),
    ),
    SearchField(
        name="ip",
        aliases=("address",),
        sentence="One of its addresses, or the network that it is in.",
        examples=("ip:10.0.0.0/8", "ip:192.168.1.20", "ip:10.1", "ip:fd00::/8"),
        kind=Address(raw("a.address_text")),
    ),
    SearchField(
        name="mac",
        sentence="One of its MAC addresses, or a piece of one, however it is written.",
        examples=("mac:00:1a", "mac:A4-BB-6D-0F-D5-C5", "mac:a4bb.6d0f"),
        kind=Mac(raw("array_to_string(a.macs, ' ')")),
    ),
    SearchField(
        name="version",
        aliases=("agent",),
        sentence="The version of its agent.",
        examples=("version:<0.4", "version:0.3..0.5"),
        kind=Version(raw("a.version_key")),
    ),
    SearchField(
        name="enrolled",
        sentence="How long ago it was enrolled.",
        examples=("enrolled:<30d",),
        kind=Ago(raw("a.enrolled_at")),
    ),
)
