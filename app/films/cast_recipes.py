"""What decides how a character looks and sounds, from records alone."""

from app.library.recipes import recipe_of
from documents.films import Character, Project


def design_recipe(character: Character, project: Project) -> str:
    """Of the final design."""
    look = character.visual_design
    return recipe_of(
        "design",
        {
            "name": character.name,
            "description": character.description,
            "age": character.profile.age,
            "gender": character.profile.gender,
            "notes": look.style_notes,
            "palette": look.color_palette,
            "references": look.reference_image_ids,
            "styles": project.style_reference_ids,
        },
    )


def voice_recipe(character: Character) -> str:
    """Of the sample of the voice."""
    voice = character.voice_profile
    return recipe_of(
        "voice",
        {
            "name": character.name,
            "voice": voice.voice_id,
            "characteristics": voice.voice_characteristics,
        },
    )
