"""The nouns that cross rooms, frozen.

Times are integer nanoseconds of the monotonic clock where they were recorded, and float seconds
everywhere else; only a renderer formats them. ``serial`` writes every noun here as JSON and reads
it back, so a field's type is its schema.
"""

from whereasync.model.configuration import Config, NamedArm, Recipe
from whereasync.model.diagnosis import Diagnosis, Health, Symptom
from whereasync.model.emulation import Burst, Way
from whereasync.model.experiment import Experiment, Figures, Row, Upstream
from whereasync.model.failures import Caveat, Fault, Void
from whereasync.model.findings import Finding, Level, SourceText
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
    "Config",
    "Cost",
    "DatabaseFacts",
    "DatabaseSetting",
    "Departure",
    "Diagnosis",
    "Exchange",
    "Experiment",
    "Fault",
    "Figures",
    "Finding",
    "GuestFault",
    "Handler",
    "Health",
    "IdleArm",
    "IdleJob",
    "IdlePlan",
    "IdleRecord",
    "IdleTrial",
    "Interface",
    "Inventory",
    "Job",
    "Level",
    "Listener",
    "Machine",
    "Middleware",
    "NamedArm",
    "Order",
    "Outcall",
    "Peak",
    "Prepared",
    "Recipe",
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
    "SourceText",
    "Stack",
    "StandIn",
    "StandInAccount",
    "StandInJob",
    "StandInReady",
    "StandInRoute",
    "StandIns",
    "Status",
    "SweepPoint",
    "Symptom",
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
