"""The official indicators and presets as data, and the one loader that reads them.

What may not enter: code per indicator. An indicator is an entry in `indicators.toml`; a preset is a file in `presets/`.
"""

from lokus.catalog.loader import Indicator, Target, indicators

__all__ = ["Indicator", "Target", "indicators"]
