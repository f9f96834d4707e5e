"""What decides how a character looks and sounds: for the tasks that make it, and to see what is
out of date."""

from app.library.recipes import recipe_of
from documents.films import Character, Project


def design_recipe(character: Character, project: Project) -> str:
    """What decides the design: who it is, how it should look, and what it takes after."""
    look, profile = character.visual_design, character.profile
    values = {
        "name": character.name,
        "description": character.description,
        "age": profile.age,
        "gender": profile.gender,
        "notes": look.style_notes,
        "palette": look.color_palette,
        "references": look.reference_image_ids,
        "style": project.style_reference_ids,
    }
    return recipe_of("films.design", values)


def voice_recipe(character: Character) -> str:
    """What decides the sample of the voice: whose it is, and which one was chosen for them."""
    voice, profile = character.voice_profile, character.profile
    values = {
        "name": character.name,
        "age": profile.age,
        "gender": profile.gender,
        "voice": voice.voice_id,
        "characteristics": voice.voice_characteristics,
    }
    return recipe_of("films.voice", values)
