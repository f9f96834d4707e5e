"""The plain routes of production: what is being done, was asked and has been paid."""

from typing import Final

from app.core.resource import Resource
from app.production import access
from documents.ledger import Budget, GenerationCost
from documents.production import ArchivedTask, Pipeline, PromptExecution, PromptTemplate, Task

LINE: Final = "production"
RESOURCES: Final = (
    Resource(
        Task,
        path="tasks",
        line=LINE,
        access=access.WORK,
        filters=("workspace_id", "project_id", "pipeline_id", "status"),
    ),
    Resource(
        ArchivedTask,
        path="archived-tasks",
        line=LINE,
        access=access.WORK,
        filters=("workspace_id", "project_id", "pipeline_id"),
    ),
    Resource(
        Pipeline,
        path="pipelines",
        line=LINE,
        access=access.WORK,
        filters=("workspace_id", "project_id", "subject.id"),
    ),
    Resource(
        PromptTemplate,
        path="prompt-templates",
        line=LINE,
        access=access.TEMPLATES,
        filters=("workspace_id",),
    ),
    Resource(
        PromptExecution,
        path="prompt-executions",
        line=LINE,
        access=access.EXECUTIONS,
        filters=("workspace_id", "project_id", "status", "subject.id"),
    ),
    Resource(
        GenerationCost,
        path="costs",
        line=LINE,
        access=access.COSTS,
        filters=("workspace_id",),
        sorts=("created_at",),
    ),
    Resource(
        Budget,
        path="budgets",
        line=LINE,
        access=access.BUDGETS,
        filters=("workspace_id", "owner.id"),
    ),
)
