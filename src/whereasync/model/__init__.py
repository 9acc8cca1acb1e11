"""The nouns that cross rooms, frozen.

Times are integer nanoseconds of the monotonic clock where they were recorded, and float seconds
everywhere else; only a renderer formats them. ``serial`` writes every noun here as JSON and reads
it back, so a field's type is its schema.
"""

from whereasync.model.emulation import Burst, Way
from whereasync.model.experiment import Experiment, Figures, Row, Upstream
from whereasync.model.failures import Caveat, Fault, Void
from whereasync.model.guarding import Outcall
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

__all__ = [
    "SCHEMA_VERSION",
    "Answer",
    "Arm",
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
    "Machine",
    "Middleware",
    "Order",
    "Outcall",
    "Peak",
    "Prepared",
    "Request",
    "Route",
    "Row",
    "Run",
    "Side",
    "Single",
    "Slice",
    "SliceRules",
    "Stack",
    "Status",
    "SweepPoint",
    "Target",
    "Task",
    "TaskRecord",
    "Trail",
    "Upstream",
    "ViewKind",
    "Void",
    "Way",
]
