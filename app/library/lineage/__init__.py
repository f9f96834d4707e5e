"""Lineage: what a file was made of, what was made with it, and what of that is out of date.

The walk is general: every made file names its inputs. What is out of date only the production line
knows that made it; it says so as a `Maker`, which `app.api` registers.
"""

from app.library.lineage.makers import MAKERS, Maker, Verdict, maker_of, register

__all__ = ["MAKERS", "Maker", "Verdict", "maker_of", "register"]
