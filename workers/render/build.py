"""The parts of a render: each looked up by its key, made if it is new, and kept."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from app.core.storage import StorageError
from workers.render import fonts, progress
from workers.render.cache import SegmentCache
from workers.render.encoders import Encoder, picture_settings, sound_settings
from workers.render.formats import SAMPLE_RATE
from workers.render.hashes import key_of
from workers.render.jobs import (
    DecodeFacts,
    DecodeJob,
    LosslessJob,
    MeasureJob,
    PictureFacts,
    PictureJob,
    SoundFacts,
    SoundJob,
)
from workers.render.limits import MEBIBYTE
from workers.render.loudness import integrated
from workers.render.pcm import Pcm
from workers.render.picture_plan import PicturePlan
from workers.render.pool import Pool, process_count
from workers.render.progress import Progress
from workers.render.sound_plan import MixPlan, PlannedSound, SoundPiece
from workers.render.values import Value

_log = logging.getLogger(__name__)
Facts = TypeVar("Facts", bound=BaseModel)

_MOST_GAIN_DB = 24.0
_MOST_DECODED = 1024 * MEBIBYTE
"""Decoded sound that a render keeps on disk; beyond that, some is decoded a second time."""


class _Source(Value):
    source: str


def _ends_key(source: str) -> str:
    return key_of("ends", _Source(source=source))


@dataclass
class Build:
    """One render's folder, processes, cache, and what it has made so far."""

    folder: Path
    pool: Pool
    cache: SegmentCache
    encoder: Encoder
    progress: Progress
    files: Mapping[str, Path]
    """Where each source lies, by its hash."""
    encoded: int = 0
    reused: int = 0
    _fonts: Path | None = None
    _decoded: dict[str, asyncio.Task[Pcm]] = field(default_factory=dict)
    _ends: dict[str, DecodeFacts] = field(default_factory=dict)
    _kept: dict[str, Pcm] = field(default_factory=dict)
    _users: Counter[str] = field(default_factory=Counter)
    _turns: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    """Of the same part one is made at a time: they would share its files."""
    _large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    _sounding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(process_count()))

    async def picture(self, plan: PicturePlan) -> tuple[Path, PictureFacts]:
        """A segment and what is known of it. Raises RenderError."""
        settings = picture_settings(self.encoder.name, plan)
        key = key_of("picture", plan, " ".join(settings))
        path = self.folder / f"{key}.mp4"
        work = plan.frames * progress.frame_cost(plan)
        self.progress.plan(work)
        async with self._turns[key]:
            facts = await self._found(key, ".mp4", path, PictureFacts)
            if facts is None:
                per_frame = work / plan.frames
                async with self._room_for(plan), self._heard_by(plan) as sources:
                    job = PictureJob(
                        facts=self.folder / f"{key}.json",
                        plan=plan,
                        files=dict(self.files),
                        sources=sources,
                        output=path,
                        fonts=self._fonts,
                        settings=settings,
                    )
                    facts = await self.pool.run(
                        job,
                        PictureFacts,
                        lambda frames: self.progress.reach(key, frames * per_frame, "pictures"),
                    )
                await self._keep(key, facts, path)
                self.encoded += 1
        self.progress.reach(key, work, "pictures")
        return path, facts

    def lay_out_fonts(self, texts: Iterable[str]) -> None:
        """Have the fonts of these texts at hand. Raises RenderError where a package is missing."""
        together = list(texts)
        if together:
            self._fonts = fonts.lay_out(self.folder, together)

    async def lengths(self, sources: Iterable[str]) -> dict[str, int]:
        """The samples of each source. Raises RenderError."""
        return {name: facts.length for name, facts in (await self.ends(sources)).items()}

    async def ends(self, sources: Iterable[str]) -> dict[str, DecodeFacts]:
        """How long each source is, and how it begins and ends. Raises RenderError."""

        async def one(source: str) -> DecodeFacts:
            key = _ends_key(source)
            async with self._turns[key]:
                facts = await self._cached(key, DecodeFacts)
            if facts is None:
                await self.decoded(source)
                facts = self._ends[source]
            return facts

        distinct = sorted(set(sources))
        return dict(zip(distinct, await asyncio.gather(*map(one, distinct)), strict=True))

    async def _sources(self, mix: MixPlan) -> dict[str, Pcm]:
        names = sorted({sound.source for sound in mix.sounds})
        return dict(zip(names, await asyncio.gather(*map(self.decoded, names)), strict=True))

    async def _let_go(self) -> None:
        """Keep no more decoded sound than the render may; what is used least recently goes."""
        while sum(pcm.length * pcm.channels * 2 for pcm in self._kept.values()) > _MOST_DECODED:
            idle = [name for name in self._kept if not self._users[name]]
            if not idle:
                return
            await asyncio.to_thread(self._kept.pop(idle[0]).path.unlink, missing_ok=True)
            del self._decoded[idle[0]]

    @asynccontextmanager
    async def _using(self, mix: MixPlan) -> AsyncIterator[dict[str, Pcm]]:
        """The decoded sources of a mix; few mixes at a time, so that they fit the folder."""
        names = {sound.source for sound in mix.sounds}
        async with self._sounding:
            self._users.update(names)
            try:
                sources = await self._sources(mix)
                for name, pcm in sources.items():
                    self._kept.pop(name, None)
                    self._kept[name] = pcm
                yield sources
            finally:
                self._users.subtract(names)
            await self._let_go()

    def _room_for(self, plan: PicturePlan) -> AbstractAsyncContextManager[object]:
        """Room in memory: of large pictures one segment is drawn at a time."""
        return self._large if plan.format.is_large else nullcontext()

    @asynccontextmanager
    async def _heard_by(self, plan: PicturePlan) -> AsyncIterator[dict[str, Pcm]]:
        """What the bars of a segment move with."""
        if plan.bars is None:
            yield {}
            return
        async with self._using(plan.bars.mix) as sources:
            yield sources

    async def close(self) -> None:
        """End what is still under way."""
        for task in self._decoded.values():
            task.cancel()
        await asyncio.gather(*self._decoded.values(), return_exceptions=True)

    async def decoded(self, source: str) -> Pcm:
        """The samples of a source. Raises RenderError."""
        if source not in self._decoded:
            self._decoded[source] = asyncio.create_task(self._decode(source))
        return await asyncio.shield(self._decoded[source])

    async def _decode(self, source: str) -> Pcm:
        path = self.folder / f"{source}.pcm"
        job = DecodeJob(
            facts=self.folder / f"{source}.json", source=self.files[source], output=path
        )
        path.unlink(missing_ok=True)
        facts = await self.pool.run(job, DecodeFacts)
        self._ends[source] = facts
        await self._keep(_ends_key(source), facts)
        return Pcm(path, facts.length, facts.channels)

    async def measured(self, mix: MixPlan, samples: int) -> SoundFacts:
        """How loud a stretch of a mix is. Raises RenderError."""
        key = key_of("measure", mix, str(samples))
        async with self._turns[key]:
            facts = await self._cached(key, SoundFacts)
            if facts is None:
                async with self._using(mix) as sources:
                    job = MeasureJob(
                        facts=self.folder / f"{key}.json", mix=mix, sources=sources, samples=samples
                    )
                    facts = await self.pool.run(job, SoundFacts)
                await self._keep(key, facts)
        self.progress.reach(key, samples / SAMPLE_RATE * progress.MEASURED_SECOND, "loudness")
        return facts

    @staticmethod
    def _gain(momentary: list[float], target: float) -> float:
        """In whole tenths, so that a small change elsewhere leaves encoded pieces as they are."""
        loudness = integrated(momentary)
        if loudness is None:
            return 0.0
        return round(max(-_MOST_GAIN_DB, min(_MOST_GAIN_DB, target - loudness)), 1)

    async def overall_gain(self, pieces: list[SoundPiece], target: float) -> float:
        """The gain in dB that brings the whole mix to a loudness."""
        facts = await asyncio.gather(*(self.measured(piece.mix, piece.samples) for piece in pieces))
        return self._gain([value for each in facts for value in each.momentary], target)

    async def sound(self, piece: SoundPiece, gain_db: float) -> tuple[Path, SoundFacts]:
        """A piece of sound and what is known of it. Raises RenderError."""
        key = key_of("sound", piece, f"{gain_db:.1f}", *sound_settings())
        path = self.folder / f"{key}.aac"
        work = piece.samples / SAMPLE_RATE * progress.SOUND_SECOND
        async with self._turns[key]:
            facts = await self._found(key, ".aac", path, SoundFacts)
            if facts is None:
                async with self._using(piece.mix) as sources:
                    job = SoundJob(
                        facts=self.folder / f"{key}.json",
                        piece=piece,
                        sources=sources,
                        gain_db=gain_db,
                        output=path,
                    )
                    facts = await self.pool.run(job, SoundFacts)
                await self._keep(key, facts, path)
                self.encoded += 1
        self.progress.reach(key, work, "sound")
        return path, facts

    async def levelled(self, mix: MixPlan) -> MixPlan:
        """The mix with each clip that asks for it at its own loudness. Raises RenderError."""
        asked = [sound for sound in mix.sounds if sound.level_to is not None]
        if not asked:
            return mix
        lengths = await self.lengths(sound.source for sound in asked)

        async def one(sound: PlannedSound) -> PlannedSound:
            if sound.level_to is None:
                return sound
            gain = await self._level(sound, lengths[sound.source], sound.level_to)
            return sound.model_copy(update={"gain_db": sound.gain_db + gain, "level_to": None})

        return mix.model_copy(update={"sounds": tuple(await asyncio.gather(*map(one, mix.sounds)))})

    async def _level(self, sound: PlannedSound, whole: int, target: float) -> float:
        """The gain in dB that brings a clip alone to a loudness; none where it is silent."""
        length = max(1, min(sound.length, whole - sound.offset))
        alone = PlannedSound(
            role="effect", source=sound.source, start=0, length=length, offset=sound.offset
        )
        facts = await self.measured(MixPlan(sounds=(alone,)), length)
        return self._gain(facts.momentary, target)

    async def lossless(self, mix: MixPlan, samples: int, gain_db: float, output: Path) -> None:
        """Write a whole mix to a FLAC file. Raises RenderError."""
        async with self._using(mix) as sources:
            job = LosslessJob(
                facts=self.folder / "lossless.json",
                mix=mix,
                sources=sources,
                samples=samples,
                gain_db=gain_db,
                output=output,
            )
            await self.pool.run(job, SoundFacts)

    async def _found(self, key: str, ending: str, path: Path, kind: type[Facts]) -> Facts | None:
        facts = await self._cached(key, kind)
        if facts is None or not await self._get(f"{key}{ending}", path):
            return None
        self.reused += 1
        return facts

    async def _cached(self, key: str, kind: type[Facts]) -> Facts | None:
        path = self.folder / f"{key}.json"
        if not await self._get(f"{key}.json", path):
            return None
        try:
            return kind.model_validate_json(await asyncio.to_thread(path.read_bytes))
        except ValidationError:
            return None
        finally:
            path.unlink()

    async def _get(self, key: str, path: Path) -> bool:
        try:
            return await self.cache.get(key, path)
        except (OSError, StorageError) as error:
            _log.warning("The segment cache does not answer: %s", error)
            await asyncio.to_thread(path.unlink, missing_ok=True)
            return False

    async def _keep(self, key: str, facts: BaseModel, path: Path | None = None) -> None:
        """Put what was made into the cache, the facts last; a cache that fails is no failure."""
        file = self.folder / f"{key}.json"
        try:
            await asyncio.to_thread(file.write_text, facts.model_dump_json(), encoding="utf-8")
            if path is not None:
                await self.cache.put(f"{key}{path.suffix}", path)
            await self.cache.put(file.name, file)
        except (OSError, StorageError) as error:
            _log.warning("A segment can't be kept for later: %s", error)
        finally:
            file.unlink(missing_ok=True)
