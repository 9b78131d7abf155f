"""A study proposed from a planner's files: what each file is, which column means what, and the evidence for it.

What may not enter: computing and printing; guesses without evidence (a doubt is asked, or stands as a TODO); cells of
a by-name file. Files are read where they lie and copied into the study, never changed.
"""

from lokus.proposal.asking import filled
from lokus.proposal.proposing import propose
from lokus.proposal.records import Ask, Blank, Fill, Proposal, Question, Said
from lokus.proposal.telling import as_values, blank_line, closing, question_lines, report
from lokus.proposal.writing import refuse_existing, todos, write

__all__ = ["Ask", "Blank", "Fill", "Proposal", "Question", "Said", "as_values", "blank_line", "closing", "filled",
           "propose", "question_lines", "refuse_existing", "report", "todos", "write"]  # fmt: skip
