"""One sentence in the two languages of the project: what screens, reports and prints show. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]

_MARK = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages; an empty one is not drawn."""

    zh: str = ""
    en: str = ""

    def shown(self, language: Language) -> str:
        """Return the sentence in this language."""
        return self.en if language == "en" else self.zh

    def filled(self, values: "dict[str, Text]") -> "Text":
        """Return the sentence with each {mark} of `values` filled in; what that brings stays."""

        def in_language(language: Language) -> str:
            def value(mark: re.Match[str]) -> str:
                known = values.get(mark[1])
                return mark[0] if known is None else known.shown(language)

            return _MARK.sub(value, self.shown(language))

        return Text(in_language("zh"), in_language("en"))


def marks(sentence: str) -> list[str]:
    """Return the {marks} of a sentence that are filled in later, sorted, repeated ones too."""
    return sorted(_MARK.findall(sentence))
