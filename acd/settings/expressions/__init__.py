"""The expression language of flows: CEL, checked when files are loaded, evaluated within bounds while calls run.

The language is Google's Common Expression Language (github.com/google/cel-spec): it has no loops, no side effects and
ends after work proportional to its text. The library is ``cel-expr-python``, Google's own binding of its C++
implementation with its type checker. Compared in November 2026 on Python 3.11, evaluating
``length > 5 && nib != ''`` (medians, compiled before):

========================== ======== ====== ====================================================
library                    evaluate import verdict
========================== ======== ====== ====================================================
cel-expr-python 0.1.3          4 µs   3 ms chosen; wheels for CPython 3.11-3.13, x86_64 and arm64
common-expression-language     2 µs 210 ms no type checker, and no syntax tree to write one on
  0.10 (CEL in Rust)
cel-python 0.5              256 µs 104 ms no type checker, too slow, brings five libraries
simpleeval 1.0.8               5 µs   6 ms Python's values without types; ``'a' * n`` has a guard
asteval 1.0.10                 7 µs  22 ms the same, with loops and functions
jinja2 3.1, sandboxed         10 µs  50 ms no types, loops, no bound in time or memory
========================== ======== ====== ====================================================

What the library bounds itself: 32 levels of nesting, integers of 64 bits that overflow into an error, RE2 instead of
backtracking. What we add (``language``): a white list of operators and functions, no comprehension, no fraction, no
list but after ``in``, patterns written out and small, and lengths of sources, texts and results.

Numbers are whole. A fraction is refused when files are loaded, and so is a sum of fractions that a machine might round
in its own way: money is counted in rupiah, times in seconds or minutes.
"""

from acd.settings.expressions.compiling import Checker
from acd.settings.expressions.evaluating import evaluate, evaluate_in_flow
from acd.settings.expressions.language import NAME, RESERVED
from acd.settings.expressions.places import note
from acd.settings.expressions.wording import Slip

__all__ = ["NAME", "RESERVED", "Checker", "Slip", "evaluate", "evaluate_in_flow", "note"]
