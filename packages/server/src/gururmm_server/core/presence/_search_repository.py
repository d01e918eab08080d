"""By how it is a machine can be searched: columns of the view `machine_states`, which is `s`."""

from collections.abc import Mapping
from typing import Final

from gururmm_server.core.presence.problems import KINDS
from gururmm_server.core.search.fields import SearchField
from gururmm_server.core.search.kinds import Ago, Choice, Duration, Percent, YesNo
from gururmm_server.infra.sql import Sql, raw, sql

_PROBLEMS: Final[Mapping[str, Sql]] = {
    "any": raw("s.problems <> '{}'"),
    "none": raw("s.problems = '{}'"),
    **{kind: sql("{kind} = any(s.problems)", kind=kind) for kind in KINDS},
}
FIELDS: Final = (
    SearchField(
        name="online",
        sentence="Whether it is connected now.",
        examples=("online:true", "online:false"),
        kind=YesNo(raw("s.online")),
        table="s",
    ),
    SearchField(
        name="seen",
        sentence="How long ago it was last heard of.",
        examples=("seen:>7d", "seen:<1h", "seen:1d..4w"),
        kind=Ago(raw("s.last_seen")),
        table="s",
    ),
    SearchField(
        name="cpu",
        sentence="How busy its processor is.",
        examples=("cpu:>80%",),
        kind=Percent(raw("s.cpu")),
        table="s",
    ),
    SearchField(
        name="memory",
        sentence="How much of its memory is in use.",
        examples=("memory:>=95%", "memory:50%..80%"),
        kind=Percent(raw("s.memory")),
        table="s",
    ),
    SearchField(
        name="disk",
        sentence="How full the fullest of its disks is.",
        examples=("disk:>90%",),
        kind=Percent(raw("s.disk")),
        table="s",
    ),
    SearchField(
        name="uptime",
        sentence="How long it ran since it was started, when it last said.",
        examples=("uptime:>30d",),
        kind=Duration(raw("s.uptime_s")),
        table="s",
    ),
    SearchField(
        name="problem",
        sentence="What is wrong with it.",
        examples=("problem:disk_full", "problem:any"),
        kind=Choice(_PROBLEMS),
        table="s",
    ),
)
