"""What a demo prints at its end, and leaves beside what it made."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def tell(mp4: Path, facts: Mapping[str, Any], tables: Sequence[Table]) -> None:
    """Keep the facts as `demo.json` beside the MP4, and print the tables; its path comes last."""
    text = json.dumps({"mp4": str(mp4), **facts}, indent=2, ensure_ascii=False)
    mp4.with_name("demo.json").write_text(text + "\n", encoding="utf-8")
    console = Console(highlight=False)
    for table in tables:
        console.print(table)
    print(f"MP4 {mp4}", flush=True)
