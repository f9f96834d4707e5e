"""What the content factory's records promise by their declaration, and what they compute."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from documents.base import Computed, Record, ServerOwned, mark
from documents.factory import (
    ABTest,
    AssembledContent,
    GeneratedImage,
    GeneratedVideo,
    PerformanceMetric,
    ProductDossier,
    PublishedContent,
    ScoringConfig,
    Script,
    rate,
)
from documents.references import references
from documents.schema import indexes
from documents.values import Id
from tests.documents.referred import referred

pytestmark = pytest.mark.usefixtures("mock_store")

OWNED = {"workspace_id": Id(), "created_by": Id()}
OF_DOSSIER = {"workspace_id": Id(), "dossier_id": Id()}
VALID: dict[type[Record], dict[str, Any]] = {
    ProductDossier: {**OWNED, "name": "Acne Patch", "price": "19.90", "category": "Beauty"},
    GeneratedImage: {
        **OF_DOSSIER,
        "type": "before",
        "prompt": "A face with acne",
        "status": "completed",
        "image_url": "/api/v1/media/1/content",
        "metadata": {"width": 1080, "format": "png", "grain": 0.2},
    },
    GeneratedVideo: {
        **OF_DOSSIER,
        "type": "reveal",
        "prompt": "Whip pan",
        "duration": 8,
        "status": "completed",
        "video_url": "https://cdn.example/1.mp4",
        "metadata": {"bitrate": "5000k", "duration": 8.2},
    },
    Script: {
        **OF_DOSSIER,
        "awareness_level": 2,
        "market_sophistication": 3,
        "hook": "Stop scrolling",
        "body": "It works",
        "cta": "Try it",
    },
    AssembledContent: {
        **OF_DOSSIER,
        "platform": "tiktok",
        "video_ids": [Id()],
        "hashtags": ["#skincare", "acne"],
        "status": "ready",
        "final_video_url": "/api/v1/media/2/content",
        "metadata": {"template": "before-after-v2", "render_settings": {"codec": "h264"}},
    },
    PublishedContent: {
        "workspace_id": Id(),
        "assembled_content_id": Id(),
        "platform": "tiktok",
        "promotion_budget": "5.00",
    },
    PerformanceMetric: {
        "workspace_id": Id(),
        "published_content_id": Id(),
        "date": "2026-03-01",
        "views": 3000,
        "likes": 100,
        "clicks": 1,
        "spend": "5.00",
    },
    ScoringConfig: {
        **OWNED,
        "name": "Default",
        "weights": {"engagement": 0.4, "ctr": 0.3, "conversions": 0.3},
    },
    ABTest: {
        **OWNED,
        "name": "Hooks",
        "variants": [
            {"label": "POV", "assembled_content_id": Id(), "published_content_id": Id()},
            {"label": "Question", "assembled_content_id": Id(), "budget": "5.00", "note": "kept"},
        ],
    },
}
MODELS = tuple(VALID)
COLUMNS = {
    ProductDossier: """slug name benefits pain_points proof_types target_audience category niche
        price tiktok_shop_url affiliate_link status created_at updated_at""",
    GeneratedImage: """dossier_id type prompt model image_url remotion_job_id status metadata
        created_at""",
    GeneratedVideo: """dossier_id source_image_id type prompt model duration aspect_ratio video_url
        remotion_job_id status metadata created_at""",
    Script: """dossier_id awareness_level market_sophistication hook body cta full_script
        estimated_duration created_at""",
    AssembledContent: """dossier_id script_id video_ids image_ids platform caption hashtags
        compliance_disclosure remotion_render_id final_video_url status metadata created_at""",
    PublishedContent: """assembled_content_id platform platform_post_id platform_url
        promotion_budget promotion_status promotion_started_at promotion_ended_at published_at""",
    PerformanceMetric: """published_content_id date views likes comments shares saves clicks
        conversions spend engagement_rate ctr created_at""",
    ScoringConfig: "name weights min_views_threshold active created_at",
    ABTest: "name variants status winner_id confidence created_at started_at completed_at",
}
WORKSPACE = ("workspace_id", "workspaces", "restrict")
TENANT = {WORKSPACE, ("created_by", "users", "restrict")}
DOSSIER = {WORKSPACE, ("dossier_id", "cf_product_dossiers", "cascade")}
FILE = ("media_id", "media", "clear")
REFERENCES = {
    ProductDossier: TENANT,
    GeneratedImage: {*DOSSIER, FILE},
    GeneratedVideo: {*DOSSIER, FILE, ("source_image_id", "cf_generated_images", "clear")},
    Script: DOSSIER,
    AssembledContent: {
        *DOSSIER,
        FILE,
        ("script_id", "cf_scripts", "clear"),
        ("video_ids", "cf_generated_videos", "clear"),
        ("image_ids", "cf_generated_images", "clear"),
    },
    PublishedContent: {
        WORKSPACE,
        ("assembled_content_id", "cf_assembled_content", "cascade"),
        ("publication_id", "publications", "clear"),
    },
    PerformanceMetric: {WORKSPACE, ("published_content_id", "cf_published_content", "cascade")},
    ScoringConfig: TENANT,
    ABTest: {
        *TENANT,
        ("variants.assembled_content_id", "cf_assembled_content", "clear"),
        ("variants.published_content_id", "cf_published_content", "clear"),
        ("winner_id", "cf_published_content", "clear"),
    },
}
LIVING = {"deleted_at": None}
EARLIER, LATER = "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"
COUNTS = ("views", "likes", "comments", "shares", "saves", "clicks", "conversions")


def made(model: type[Record], **changes: Any) -> Any:
    return model.model_validate({**VALID[model], **changes})


@pytest.mark.parametrize("model", MODELS)
def test_holds_every_column_of_the_specification(model: type[Record]) -> None:
    assert set(COLUMNS[model].split()) <= made(model).stored().keys()


@pytest.mark.parametrize("model", MODELS)
def test_declares_its_references(model: type[Record]) -> None:
    assert referred(model) == REFERENCES[model]


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        (ProductDossier, "status category slug created_at"),
        (GeneratedImage, "dossier_id type status remotion_job_id created_at"),
        (GeneratedVideo, "dossier_id source_image_id type status remotion_job_id"),
        (Script, "dossier_id,awareness_level awareness_level"),
        (AssembledContent, "dossier_id script_id status platform remotion_render_id"),
        (PublishedContent, "assembled_content_id platform,platform_post_id"),
        (PublishedContent, "promotion_status published_at"),
        (PerformanceMetric, "published_content_id,date date engagement_rate ctr"),
        (ABTest, "status winner_id"),
    ],
)
def test_has_the_indexes_of_the_specification(model: type[Record], wanted: str) -> None:
    declared = [[*each.document["key"]] for each in indexes(model)]
    for keys in (each.split(",") for each in wanted.split()):
        starts = (keys, ["workspace_id", *keys])
        assert any(each[: len(start)] == start for each in declared for start in starts), keys


@pytest.mark.parametrize(
    ("model", "keys", "where"),
    [
        (ProductDossier, ("workspace_id", "slug"), LIVING),
        (
            Script,
            ("workspace_id", "dossier_id", "awareness_level", "market_sophistication"),
            {"market_sophistication": {"$gte": -(2**53)}},
        ),
        (PerformanceMetric, ("workspace_id", "published_content_id", "date"), LIVING),
        (ScoringConfig, ("workspace_id",), {"active": True, **LIVING}),
    ],
)
def test_has_the_unique_keys_of_the_specification(
    model: type[Record], keys: tuple[str, ...], where: dict[str, Any]
) -> None:
    unique = {
        tuple(each.document["key"]): each.document["partialFilterExpression"]
        for each in indexes(model)
        if each.document.get("unique")
    }
    assert unique[keys] == where


def test_what_is_new_has_the_defaults_of_the_specification() -> None:
    dossier, image = made(ProductDossier), GeneratedImage(**OF_DOSSIER, type="after", prompt="x")
    assert (dossier.status, dossier.proof_types) == ("draft", ["before_after"])
    assert (image.model, image.status) == ("nano-banana", "pending")
    clip = GeneratedVideo(**OF_DOSSIER, type="demo", prompt="x")
    assert (clip.model, clip.status, clip.aspect_ratio) == ("veo-3.1", "pending", "9:16")
    assert AssembledContent(**OF_DOSSIER, platform="youtube").status == "draft"
    assert made(PublishedContent).promotion_status is None
    config = made(ScoringConfig)
    assert (config.min_views_threshold, config.active) == (1000, False)
    assert made(ABTest).status == "draft"


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (ProductDossier, {"status": "deleted"}),
        (ProductDossier, {"slug": "Not a slug"}),
        (ProductDossier, {"name": ""}),
        (ProductDossier, {"price": "1.001"}),
        (ProductDossier, {"price": "100000000"}),
        (ProductDossier, {"affiliate_link": "javascript:alert(1)"}),
        (GeneratedImage, {"type": "during"}),
        (GeneratedImage, {"status": "done"}),
        (GeneratedImage, {"prompt": None}),
        (GeneratedImage, {"image_url": None}),
        (GeneratedImage, {"metadata": {"$set": 1}}),
        (GeneratedVideo, {"type": "before"}),
        (GeneratedVideo, {"duration": 0}),
        (GeneratedVideo, {"aspect_ratio": "21:9"}),
        (GeneratedVideo, {"video_url": None}),
        (Script, {"awareness_level": 0}),
        (Script, {"awareness_level": 6}),
        (Script, {"market_sophistication": 0}),
        (Script, {"market_sophistication": 6}),
        (Script, {"hook": None}),
        (AssembledContent, {"platform": "showroom"}),
        (AssembledContent, {"status": "done"}),
        (AssembledContent, {"final_video_url": None}),
        (AssembledContent, {"hashtags": ["two words"]}),
        (PublishedContent, {"platform": "x"}),
        (PublishedContent, {"promotion_budget": "-0.01"}),
        (PublishedContent, {"promotion_budget": "0.001"}),
        (PublishedContent, {"promotion_status": "paused"}),
        (PublishedContent, {"promotion_started_at": LATER, "promotion_ended_at": EARLIER}),
        *((PerformanceMetric, {name: -1}) for name in COUNTS),
        (PerformanceMetric, {"spend": "-1"}),
        (PerformanceMetric, {"date": None}),
        (ScoringConfig, {"weights": {"engagement": 0.5, "ctr": 0.4}}),
        (ScoringConfig, {"weights": {"engagement": 1.5, "ctr": -0.5}}),
        (ScoringConfig, {"weights": {"engagement": 0.5, "saves": "half"}}),
        (ScoringConfig, {"weights": {"engagement": float("nan")}}),
        (ScoringConfig, {"min_views_threshold": -1}),
        (ABTest, {"status": "paused"}),
        (ABTest, {"variants": None}),
        (ABTest, {"variants": [{"label": "A"}]}),
        (ABTest, {"variants": [{"label": "A", "assembled_content_id": Id(), "budget": "-1"}]}),
        (ABTest, {"confidence": "1.01"}),
        (ABTest, {"confidence": "0.905"}),
        (ABTest, {"started_at": LATER, "completed_at": EARLIER}),
    ],
)
def test_refuses(model: type[Record], changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(model, **changes)


@pytest.mark.parametrize("status", ["pending", "generating", "failed"])
def test_a_generation_without_an_address_is_unfinished(status: str) -> None:
    assert made(GeneratedImage, status=status, image_url=None).image_url is None
    assert made(GeneratedVideo, status=status, video_url=None).video_url is None


def test_a_slug_comes_from_the_name_or_from_the_client() -> None:
    assert made(ProductDossier).slug == "acne-patch"
    assert made(ProductDossier, slug="patch-2").slug == "patch-2"


def test_a_script_is_its_parts_whatever_was_sent() -> None:
    assert (
        made(Script, full_script="something else").full_script
        == "Stop scrolling\n\nIt works\n\nTry it"
    )


@pytest.mark.parametrize(
    ("views", "likes", "clicks", "engagement_rate", "ctr"),
    [
        (0, 5, 5, "0.0000", "0.0000"),
        (3000, 100, 1, "0.0333", "0.0003"),
        (3, 2, 1, "0.6667", "0.3333"),
        (20000, 1, 3, "0.0001", "0.0002"),  # exact halves go up
        (1, 2_000_000, 12, "2000000.0000", "12.0000"),  # no ceiling
    ],
)
def test_rates_are_rounded_half_up_to_four_places(
    views: int, likes: int, clicks: int, engagement_rate: str, ctr: str
) -> None:
    metric = made(PerformanceMetric, views=views, likes=likes, clicks=clicks, ctr="9")
    assert (str(metric.engagement_rate), str(metric.ctr)) == (engagement_rate, ctr)


def test_engagement_is_likes_comments_shares_and_saves() -> None:
    counted = {"views": 100, "likes": 1, "comments": 2, "shares": 3, "saves": 4}
    assert made(PerformanceMetric, **counted).engagement_rate == Decimal("0.1000")


@given(part=st.integers(0, 2**55), whole=st.integers(1, 2**53))
def test_a_rate_is_the_exact_ratio_to_half_a_place(part: int, whole: int) -> None:
    off = Fraction(rate(part, whole)) - Fraction(part, whole)
    assert Fraction(-1, 20_000) < off <= Fraction(1, 20_000)


@given(st.lists(st.integers(0, 2**53), min_size=7, max_size=7))
def test_every_count_gives_rates_that_can_be_stored(counts: list[int]) -> None:
    metric = made(PerformanceMetric, **dict(zip(COUNTS, counts, strict=True)))
    again = PerformanceMetric.model_validate(metric.stored())
    assert (again.engagement_rate, again.ctr) == (metric.engagement_rate, metric.ctr)


@given(st.integers(0, 100), st.integers(0, 100))
def test_weights_count_where_they_sum_to_one(engagement: int, ctr: int) -> None:
    rest = 100 - engagement - ctr
    weights = {"engagement": engagement / 100, "ctr": ctr / 100, "conversions": rest / 100}
    if rest < 0:
        with pytest.raises(ValidationError):
            made(ScoringConfig, weights=weights)
    else:
        assert made(ScoringConfig, weights=weights).weights.ctr == ctr / 100


def test_weights_may_count_other_numbers_as_well() -> None:
    weights = {"engagement": 0.5, "saves": 0.5}
    assert made(ScoringConfig, weights=weights).stored()["weights"]["saves"] == 0.5


def test_days_are_days() -> None:
    metric = made(PerformanceMetric)
    assert metric.date == date(2026, 3, 1)
    assert metric.model_dump(mode="json")["date"] == "2026-03-01"


def test_posts_stay_while_a_test_compares_them() -> None:
    kept = {
        each.field.dotted
        for each in references(ABTest)
        if each.reference.restrict_while == {"status": "running"}
    }
    assert kept == {"variants.assembled_content_id", "variants.published_content_id", "winner_id"}


def test_a_deleted_post_leaves_its_finished_test() -> None:
    stored = made(ABTest, status="completed").stored()
    post = stored["variants"][0]["published_content_id"]
    content = stored["variants"][1]["assembled_content_id"]
    stored["winner_id"] = post
    for path in references(ABTest):
        path.without(stored, {post, content})
    assert [each["label"] for each in stored["variants"]] == ["POV"]
    assert stored["variants"][0]["published_content_id"] is stored["winner_id"] is None


@pytest.mark.parametrize(
    ("model", "fields", "kind"),
    [
        (Script, ["full_script"], Computed),
        (PerformanceMetric, ["engagement_rate", "ctr"], Computed),
        (GeneratedImage, ["status", "image_url"], ServerOwned),
        (AssembledContent, ["status", "final_video_url"], ServerOwned),
        (ScoringConfig, ["active"], ServerOwned),
        (ABTest, ["status", "winner_id"], ServerOwned),
    ],
)
def test_clients_do_not_write(model: type[Record], fields: list[str], kind: type[Any]) -> None:
    assert all(mark(model.model_fields[each], kind) for each in fields)
