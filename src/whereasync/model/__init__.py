"""The nouns that cross rooms, frozen.

Times are integer nanoseconds of the monotonic clock where they were recorded, and float seconds
everywhere else; only a renderer formats them. ``serial`` writes every noun here as JSON and reads
it back, so a field's type is its schema.
"""

from whereasync.model.emulation import Burst, Way
from whereasync.model.experiment import Experiment, Figures, Row, Upstream
from whereasync.model.failures import Caveat, Fault, Void
from whereasync.model.idle import IdleArm, IdleJob, IdlePlan, IdleRecord, IdleTrial
from whereasync.model.leaving import Departure, Trail
from whereasync.model.loading import Job, Slice, SliceRules, Target, Task, TaskRecord
from whereasync.model.project import (
    Answer,
    CacheSetting,
    DatabaseSetting,
    GuestFault,
    Handler,
    Inventory,
    Middleware,
    Order,
    Prepared,
    Route,
    ViewKind,
)
from whereasync.model.records import Block, Check, Cost, Peak, Single, SweepPoint
from whereasync.model.requests import Arm, Cell, Interface, Request, Side, Stack
from whereasync.model.run import SCHEMA_VERSION, DatabaseFacts, Machine, Run, Status
from whereasync.model.standins import (
    Asked,
    Exchange,
    Listener,
    RecordedPass,
    Recording,
    Refusal,
    StandIn,
    StandInAccount,
    StandInJob,
    StandInReady,
    StandInRoute,
    StandIns,
    Unanswered,
)

__all__ = [
    "SCHEMA_VERSION",
    "Answer",
    "Arm",
    "Asked",
    "Block",
    "Burst",
    "CacheSetting",
    "Caveat",
    "Cell",
    "Check",
    "Cost",
    "DatabaseFacts",
    "DatabaseSetting",
    "Departure",
    "Exchange",
    "Experiment",
    "Fault",
    "Figures",
    "GuestFault",
    "Handler",
    "IdleArm",
    "IdleJob",
    "IdlePlan",
    "IdleRecord",
    "IdleTrial",
    "Interface",
    "Inventory",
    "Job",
    "Listener",
    "Machine",
    "Middleware",
    "Order",
    "Peak",
    "Prepared",
    "RecordedPass",
    "Recording",
    "Refusal",
    "Request",
    "Route",
    "Row",
    "Run",
    "Side",
    "Single",
    "Slice",
    "SliceRules",
    "Stack",
    "StandIn",
    "StandInAccount",
    "StandInJob",
    "StandInReady",
    "StandInRoute",
    "StandIns",
    "Status",
    "SweepPoint",
    "Target",
    "Task",
    "TaskRecord",
    "Trail",
    "Unanswered",
    "Upstream",
    "ViewKind",
    "Void",
    "Way",
]
