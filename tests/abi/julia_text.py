"""Julia's text as far as check_ccalls.py needs it: no parser, only what tells code from strings and blocks from brackets."""
import re

OPENERS = {"(": ")", "[": "]", "{": "}"}
BLOCKS = {"function", "macro", "if", "for", "while", "let", "begin", "do", "try", "struct", "module", "baremodule", "quote"}


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def end_of_string(text, at):
    """Offset behind the string that begins at `at`; strings inside of $( ) do not end it."""
    mark = '"""' if text.startswith('"""', at) else text[at]
    at += len(mark)
    while at < len(text) and not text.startswith(mark, at):
        if text[at] == "\\":
            at += 2
        elif text.startswith("$(", at):
            depth, at = 1, at + 2
            while at < len(text) and depth:
                depth += {"(": 1, ")": -1}.get(text[at], 0)
                at = end_of_string(text, at) if text[at] == '"' else at + 1
        else:
            at += 1
    return at + len(mark)


def end_of_comment(text, at):
    if not text.startswith("#=", at):
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    depth, at = 1, at + 2
    while at < len(text) and depth:
        step = {"#=": 1, "=#": -1}.get(text[at:at + 2], 0)
        depth, at = depth + step, at + (2 if step else 1)
    return at


def code_of(text):
    """The text with comments, and what is inside of strings and characters, blanked; offsets and lines stay."""
    out, at = [], 0
    while at < len(text):
        end, quoted = at + 1, False
        # After a name or a bracket ' is the adjoint.
        adjoint = re.match(r"[\w)\]}'.]", text[at - 1:at])
        character = None if adjoint else re.match(r"'(\\[^\n]+?|[^\\\n])'", text[at:])
        if text[at] in '"`':
            end, quoted = end_of_string(text, at), True
        elif text[at] == "#":
            end = end_of_comment(text, at)
        elif character:
            end, quoted = at + character.end(), True
        if end == at + 1 and text[at] != "#":
            out.append(text[at])
        else:
            blank = re.sub(r"[^\n]", " ", text[at:end])
            out.append('"' + blank[1:-1] + '"' if quoted else blank)
        at = end
    return "".join(out)


def end_of_brackets(code, at):
    """Offset behind the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(code)):
        depth += (code[i] in OPENERS) - (code[i] in OPENERS.values())
        if depth == 0:
            return i + 1
    return len(code)


def pieces(code, begin, end):
    """[(offset, piece)] of what the commas and semicolons outside of all brackets separate between two offsets."""
    out, at = [], begin
    for i in range(begin, end + 1):
        inside = code[begin:i]
        if i == end or (code[i] in ",;" and sum(inside.count(o) - inside.count(c) for o, c in OPENERS.items()) == 0):
            if code[at:i].strip():
                out.append((at + len(code[at:i]) - len(code[at:i].lstrip()), code[at:i].strip()))
            at = i + 1
    return out


def unbalanced(code):
    """[(line, found, expected)] for brackets and blocks that nothing closes or opens; ends at the first that does not fit."""
    stack, before = [], ""
    for token in re.finditer(r"[^\W\d]\w*!?|[()\[\]{}]|[^\s\w]|\d\w*", code):
        word, line = token.group(), line_of(code, token.start())
        # :end, x.end and @begin are names; so is the end of 1:end, which opens and closes nothing either.
        is_name = re.search(r"(?<!:):$|\.$|@$", code[max(0, token.start() - 2):token.start()]) is not None
        top = stack[-1][0] if stack else ""
        if word in OPENERS:
            stack.append((word, line))
        elif word in OPENERS.values():
            if OPENERS.get(top) != word:
                return [(line, f"'{word}'", closing(stack))]
            stack.pop()
        elif word in BLOCKS and not is_name:
            # Inside of brackets: [x for x in y if z] and a[begin].
            filters = top in OPENERS and (word == "for" or (word == "if" and before not in OPENERS and before not in (",", "=")))
            if not filters and not (word == "begin" and top == "["):
                stack.append((word, line))
        elif word == "type" and before in ("abstract", "primitive"):
            stack.append((word, line))
        elif word == "end" and not is_name:
            inner = [opened for opened, _ in stack][::-1]
            since_block = inner[:next((i for i, opened in enumerate(inner) if opened not in OPENERS), len(inner))]
            if top and top not in OPENERS:
                stack.pop()
            elif "[" not in since_block:
                return [(line, "'end'", closing(stack))]
        before = word
    return [(line, f"'{opened}' without its end", f"'{OPENERS.get(opened, 'end')}'") for opened, line in stack[:1]]


def closing(stack):
    if not stack:
        return "nothing more to close"
    opened, line = stack[-1]
    return f"'{OPENERS.get(opened, 'end')}' for the '{opened}' of line {line}"
