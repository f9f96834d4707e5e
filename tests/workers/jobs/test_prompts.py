"""What films ask of models: templates, by label, filled in and on record."""

from functools import partial
from pathlib import Path

import pytest

from app.production import provenance
from app.production.templates import versions
from app.production.templates.content import TemplateContent, draft_of
from app.production.templates.versions import PRODUCTION
from documents.base import Subject
from documents.library import GenerationMetadata, Media
from documents.production import PromptExecution, PromptTemplate, Task, VariableDefinition
from tests.factories import valid
from tests.factories.films import Film, make_film
from workers.jobs.films.prompts import Prompt, prompt_for
from workers.providers.image import ImageRequest, ImageResult
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context, Resources
from workers.runtime.handlers import GiveUp

SCENE = {"mood": "calm", "location": "WELL", "time_of_day": "dusk"}


@pytest.fixture
async def film(store: object) -> Film:
    return await make_film()


@pytest.fixture
async def context(film: Film, resources: Resources, tmp_path: Path) -> Context:
    task = await valid(
        Task,
        workspace_id=film.workspace.id,
        project_id=film.project.id,
        status="processing",
        kind="films.score_scene",
    ).insert()
    return Context(task, resources, tmp_path)


async def make_version(
    context: Context, text: str, *, shared: bool = False, label: str = PRODUCTION, **content: object
) -> PromptTemplate:
    """A version of the studio's own (or of everybody's) music template, with this label."""
    names = ("mood", "location", "time_of_day")
    given = {
        "variable_defs": [VariableDefinition(name=name, required=True) for name in names],
        **content,
    }
    wanted = TemplateContent.model_validate(
        {"name": "films/music", "app": "backlot", "model": "m", "template": text, **given}
    )
    draft = draft_of(wanted, None if shared else context.workspace_id)
    template = await versions.add(context.store, draft, None)
    return await context.store.in_transaction(
        lambda session: versions.put_in(session, template, label, None)
    )


def drawn_from(prompt: Prompt, context: Context, film: Film) -> Call:
    return Call(
        context.providers.image,
        ImageRequest(prompt="the same", width=64, height=64),
        category="image_generation",
        feature="films",
        stage="storyboard",
        prompt=prompt.text,
        template=prompt.template,
        subject=Subject(collection="projects", id=film.project.id),
    )


async def test_shared_template_is_filled_in(context: Context) -> None:
    prompt = await prompt_for(context, "music", **SCENE)
    assert prompt.text == "calm music for a scene at WELL, dusk"
    assert (prompt.template.name, prompt.template.workspace_id) == ("films/music", None)


async def test_own_version_with_the_label_goes_before_and_may_use_less(context: Context) -> None:
    own = await make_version(
        context, "Something {{ mood }}.", variable_defs=[VariableDefinition(name="mood")]
    )
    await make_version(context, "A try.", label="staging", variable_defs=[])
    prompt = await prompt_for(context, "music", **SCENE)
    assert (prompt.text, prompt.template.id) == ("Something calm.", own.id)


async def test_template_that_asks_for_more_than_there_is_makes_the_step_give_up(
    context: Context,
) -> None:
    wanted = [VariableDefinition(name="tempo", type="number", required=True)]
    await make_version(context, "{{ tempo }} beats", variable_defs=wanted)
    with pytest.raises(GiveUp, match=r"version 1 of films/music .*tempo.* new version") as refused:
        await prompt_for(context, "music", **SCENE)
    assert refused.value.code == "bad_inputs"


async def test_template_that_breaks_on_its_values_makes_the_step_give_up(context: Context) -> None:
    await make_version(context, "{{ mood.tempo }}")
    with pytest.raises(GiveUp, match="cannot be filled in") as refused:
        await prompt_for(context, "music", **SCENE)
    assert refused.value.code == "bad_template"


async def test_missing_templates_say_how_they_are_made(context: Context) -> None:
    await PromptTemplate.collection().delete_many({})
    with pytest.raises(GiveUp, match="backlot migrate") as refused:
        await prompt_for(context, "music", **SCENE)
    assert refused.value.code == "no_template"


async def test_answer_is_checked_against_the_schema(context: Context) -> None:
    schema = {"type": "object", "required": ["scenes"]}
    await make_version(context, "Write.", variable_defs=[], output_schema=schema)
    prompt = await prompt_for(context, "music", **SCENE)
    await prompt.check({"scenes": []})
    with pytest.raises(GiveUp, match="scenes") as refused:
        await prompt.check({"acts": []})
    assert refused.value.code == "bad_output"


async def test_call_is_known_by_its_prompt_not_by_its_template(
    context: Context, film: Film
) -> None:
    first = drawn_from(await prompt_for(context, "music", **SCENE), context, film)
    await make_version(context, "{{ mood }} music for a scene at {{ location }}, {{ time_of_day }}")
    same = drawn_from(await prompt_for(context, "music", **SCENE), context, film)
    await make_version(context, "{{ mood }}!")
    other = drawn_from(await prompt_for(context, "music", **SCENE), context, film)
    assert first.template != same.template
    assert first.key == same.key != other.key


async def test_record_of_a_call_and_its_view_name_the_template(
    context: Context, film: Film
) -> None:
    await make_version(context, "{{ mood }} music", tags=[{"value": "quiet"}])
    prompt = await prompt_for(context, "music", **SCENE)
    call = drawn_from(prompt, context, film)
    made = await calls.make_file(
        context,
        call,
        lambda path: context.providers.image.draw(call.request, path),  # type: ignore[arg-type]
        context.folder / "panel.png",
        ImageResult,
    )
    await context.store.in_transaction(partial(calls.write_own, context.own_calls))
    [execution] = await PromptExecution.all_in(True, {})
    assert execution.template_id == prompt.template.id
    assert [each.value for each in execution.tags_snapshot] == ["quiet"]

    metadata = GenerationMetadata(execution_id=made.execution.id)
    media = valid(Media, workspace_id=film.workspace.id, generation_metadata=metadata)
    found = await provenance.of(media, True)
    assert [each.template for each in found.calls] == [prompt.template]
    assert found.calls[0].sent["prompt"] == "calm music"
    assert [row.execution_id for row in found.calls[0].costs] == [execution.id]
