"""Production: the tasks that make things, what was asked of providers, and what it cost."""

from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import Field
from pymongo import IndexModel

from documents.base import (
    Embedded,
    Fixed,
    Hold,
    OnRequest,
    Record,
    Reference,
    ServerOwned,
    Subject,
    index,
    unique_among_living,
    unique_where_given,
)
from documents.values import (
    Count,
    FreeMap,
    Id,
    Label,
    Line,
    Moment,
    Money,
    Percentage,
    Seconds,
    Text,
    Title,
    now,
)

TaskType = Literal[
    "image_generation",
    "video_generation",
    "audio_generation",
    "script_generation",
    "embedding_generation",
    "scene_assembly",
    "render",
    "publish",
    "ingest",
    "maintenance",
]
TaskStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]
Queue = Literal["cpu", "io", "light"]
"""What a task mostly needs: a processor, an outside answer, or hardly anything."""


CLAIM_INDEX: Final = [
    *(("queue", 1), ("status", 1), ("ready", 1), ("workspace_id", 1)),
    *(("priority", -1), ("queued_at", 1), ("run_after", 1)),
]
"""Finds the workspaces with runnable tasks by a skip scan, and the best task of each."""


class TaskInput(Embedded):
    prompt_id: Annotated[Id | None, Reference("prompts_executed", on_delete="clear")] = None
    parameters: FreeMap = {}
    dependencies: Annotated[list[Id], Reference("tasks", on_delete="clear")] = []


class TaskMetrics(Embedded):
    processing_time: Seconds | None = None
    cost: Money | None = None
    tokens_used: Count | None = None


class TaskOutput(Embedded):
    media_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    result: FreeMap = {}
    metrics: TaskMetrics = TaskMetrics()


class TaskProgress(Embedded):
    percentage: Percentage = 0
    current_step: Line = ""
    estimated_completion: Moment | None = None


class TaskError(Embedded):
    """The newest failure; a task that is queued again keeps it until it succeeds."""

    message: Text
    code: Label
    cause: Label = ""
    """The same for failures of the same kind: code and message without ids and numbers."""
    retry_count: Count = 0
    last_retry: Moment | None = None


class TaskWorker(Embedded):
    """Who runs the task, by the store's clock."""

    worker_id: Label
    started_at: Moment
    heartbeat: Moment
    lease_until: Moment
    claim: Label
    """Names the batch in which the task was claimed."""


class Task(Record):
    """One piece of background work. This record is the truth; Redis only wakes workers."""

    workspace_id: Annotated[
        Id | None, Reference("workspaces", on_delete="cascade"), ServerOwned()
    ] = None
    project_id: Annotated[Id | None, Reference("projects", on_delete="cascade"), Fixed()] = None
    episode_id: Annotated[Id | None, Reference("episodes", on_delete="cascade"), Fixed()] = None
    scene_id: Annotated[Id | None, Reference("scenes", on_delete="cascade"), Fixed()] = None
    character_id: Annotated[Id | None, Reference("characters", on_delete="cascade"), Fixed()] = None
    pipeline_id: Annotated[Id | None, Reference("pipelines", on_delete="cascade"), Fixed()] = None
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None
    subject: Subject | None = None

    task_type: TaskType
    kind: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")]
    """Names the handler, such as `films.render_scene`."""
    queue: Queue = "light"
    priority: Annotated[int, Field(ge=1, le=10)] = 5
    """10 is served first."""
    status: TaskStatus = "queued"
    queued_at: Moment = Field(default_factory=now)
    """Its age among tasks of the same priority; moving it to the front makes it old."""
    key: Label | None = None
    """At most one unfinished task of a workspace has this key."""
    lane: Label | None = None
    """Of the tasks of a workspace in the same lane one runs at a time."""
    optional: bool = False
    """Its failure is noted and does not stop what depends on it."""
    run_after: Moment = Field(default_factory=now)
    waiting_for: Annotated[list[Id], Reference("tasks", on_delete="clear")] = []
    """The dependencies that are not done yet."""
    ready: bool = True
    """Nothing but `run_after` stands between the task and a worker."""
    hold: Hold | None = None
    max_retries: Annotated[int, Field(ge=0, le=100)] = 3
    timeout_seconds: Annotated[float, Field(gt=0)] = 600
    cancel_requested_at: Moment | None = None

    input: TaskInput = TaskInput()
    output: TaskOutput | None = None
    progress: TaskProgress = TaskProgress()
    error: TaskError | None = None
    worker: TaskWorker | None = None
    fence: Count = 0
    """Raised by every claim and every loss of a lease: writes with an older one are refused."""
    completed_at: Moment | None = None

    class Settings:
        name = "tasks"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(CLAIM_INDEX),
            index(
                "workspace_id",
                "lane",
                unique=True,
                where={"status": "processing", "lane": {"$gte": ""}},
            ),
            index("error.cause", "status", "_id"),
            index("status", "completed_at"),
            index("status", "-priority", "created_at"),
            index("worker.lease_until", where={"status": "processing"}),
            unique_where_given("workspace_id", "key", given="key"),
            index("pipeline_id", "status", "_id"),
            index("pipeline_id", "_id"),
            index("project_id", "status", "_id"),
            index("project_id", "_id"),
            index("workspace_id", "status", "_id"),
            index("workspace_id", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("subject.id", "status"),
            index("task_type"),
            index("priority"),
            index("created_at"),
        ]


class ArchivedTask(Task):
    """A finished task, moved out of the live collection."""

    class Settings:
        name = "tasks_archive"
        indexes: ClassVar[list[IndexModel]] = [
            index("pipeline_id", "_id"),
            index("project_id", "_id"),
            index("workspace_id", "_id"),
            index("created_at"),
        ]


class Pipeline(Record):
    """A graph of tasks that was made in one go for one subject."""

    workspace_id: Annotated[Id, Reference("workspaces", on_delete="cascade"), ServerOwned()]
    project_id: Annotated[Id | None, Reference("projects", on_delete="cascade"), Fixed()] = None
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None
    kind: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")]
    subject: Subject
    task_count: Count = 0
    hold: Annotated[Hold | None, ServerOwned()] = None
    """Somebody paused it: tasks that are added wait as well."""

    class Settings:
        name = "pipelines"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "_id"),
            index("project_id", "_id"),
            index("subject.id", "_id"),
        ]


class Tag(Embedded):
    value: Label


class VariableDefinition(Embedded):
    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]
    type: Literal["string", "number", "boolean", "json", "text", "url"] = "string"
    required: bool = False
    description: Text = ""
    default_value: Any = None


PromptModel: TypeAlias = Annotated[str, Field(min_length=1, max_length=255)]
"""Which models there are is configuration; the seed's four are among them."""


class LabelMove(Embedded):
    """A label came to a version of a template."""

    label: Label
    at: Moment
    by: Annotated[Id | None, Reference("users", on_delete="clear")] = None
    taken_from: Annotated[int | None, Field(ge=1)] = None
    """The version that had the label before."""
    rolled_back: bool = False
    """It came back here from a later version."""


class PromptTemplate(Record):
    """One version of a reusable prompt: never changed, only followed by the next."""

    workspace_id: Annotated[Id | None, Reference("workspaces", on_delete="cascade"), Fixed()] = None
    """None: shared with everybody."""
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None
    name: Title
    app: Label
    feature: Label = ""
    stage: Label = ""
    tags: list[Tag] = []
    template: Text
    variable_defs: Annotated[list[VariableDefinition], Field(max_length=100)] = []
    output_schema: FreeMap | None = None
    model: PromptModel
    notes: Text = ""
    version: Annotated[int, ServerOwned(), Field(ge=1)] = 1
    labels: Annotated[list[Label], ServerOwned()] = []
    """Such as `production` and `staging`: each names one version of a template."""
    label_moves: Annotated[list[LabelMove], ServerOwned(), Field(max_length=50)] = []
    """The newest moves of labels to this version, oldest first."""

    class Settings:
        name = "prompt_templates"
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("workspace_id", "name", "version"),
            index("workspace_id", "name", "labels", unique=True, where={"labels": {"$gte": ""}}),
            index("name"),
            index("app", "stage"),
            index("stage"),
            index("workspace_id", "_id"),
        ]


class PromptExecution(Record):
    """One call of a provider: the intent is written before it, the outcome after it."""

    workspace_id: Annotated[Id, Reference("workspaces"), ServerOwned()]
    template_id: Annotated[Id | None, Reference("prompt_templates", on_delete="clear")] = None
    project_id: Annotated[Id | None, Reference("projects", on_delete="clear")] = None
    task_id: Annotated[Id | None, Reference("tasks", on_delete="clear")] = None
    subject: Subject | None = None
    app: Label
    feature: Label = ""
    stage: Label = ""
    tags_snapshot: list[Tag] = []
    inputs: Annotated[FreeMap, OnRequest()] = {}
    resolved_prompt: Text = ""
    provider: Label
    model: Label
    status: Literal["pending", "success", "error", "unknown"] = "pending"
    call_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Hash of provider, model, prompt, parameters, inputs and take: the same call is made once."""
    take: Annotated[int, Field(ge=1)] = 1
    provider_job_id: Label | None = None
    output_raw: Annotated[FreeMap, OnRequest()] = {}
    media_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    error_message: Text | None = None
    tokens_used: Count | None = None
    started_at: Moment = Field(default_factory=now)
    finished_at: Moment | None = None
    notes: Text = ""

    class Settings:
        name = "prompts_executed"
        indexes: ClassVar[list[IndexModel]] = [
            index(
                "workspace_id",
                "call_key",
                unique=True,
                where={"status": {"$in": ["pending", "success", "unknown"]}},
            ),
            index("project_id", "status", "_id"),
            index("project_id", "_id"),
            index("workspace_id", "_id"),
            index("status"),
            index("model"),
            index("created_at"),
            index("subject.id", "_id"),
        ]


class WebsocketConnection(Record):
    """One open live view."""

    workspace_id: Annotated[Id | None, Reference("workspaces", on_delete="cascade")] = None
    user_id: Annotated[Id | None, Reference("users", on_delete="cascade")] = None
    session_id: Annotated[Id | None, Reference("ad_sessions", on_delete="cascade")] = None
    connection_id: Title
    client_ip: Annotated[str, Field(max_length=45)] | None = None
    user_agent: Line | None = None
    connected_at: Moment = Field(default_factory=now)
    last_heartbeat_at: Moment = Field(default_factory=now)
    disconnected_at: Moment | None = None
    metadata: FreeMap = {}

    class Settings:
        name = "websocket_connections"
        indexes: ClassVar[list[IndexModel]] = [
            index("connection_id", unique=True),
            index("session_id"),
            index("session_id", where={"disconnected_at": None}),
            index("last_heartbeat_at", where={"disconnected_at": None}),
        ]
