"""What a version of a template says, and whether it can be taken."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.production.templates import outputs, rendering
from app.production.templates.variables import check_definitions
from documents.production import PromptModel, PromptTemplate, Tag, VariableDefinition
from documents.values import Id, Label, Text, Title


class TemplateContent(BaseModel):
    """What a version of a template says."""

    model_config = ConfigDict(extra="forbid")

    name: Title
    app: Label
    feature: Label = ""
    stage: Label = ""
    tags: Annotated[list[Tag], Field(max_length=100)] = []
    template: Text = Field(examples=["Describe {{ hero }} in one sentence."])
    variable_defs: Annotated[list[VariableDefinition], Field(max_length=100)] = []
    output_schema: dict[str, Any] | None = Field(None, description="JSON Schema 2020-12.")
    model: PromptModel
    notes: Text = ""


CONTENT: Final = tuple(TemplateContent.model_fields)


def draft_of(content: TemplateContent, workspace_id: Id | None) -> PromptTemplate:
    """A template with this content that can be rendered, not written yet.

    Raises BadTemplate, or ValidationError for what the store cannot keep.
    """
    rendering.compiled(content.template)
    check_definitions(rendering.variables_of(content.template), content.variable_defs)
    values = content.model_dump(include={*CONTENT})
    if content.output_schema is not None:
        values["output_schema"] = outputs.taken(content.output_schema)
    draft: PromptTemplate = PromptTemplate.model_validate({**values, "workspace_id": workspace_id})
    return draft
