"""Draws a terminal screen as SVG: `tmux capture-pane -e -p` on stdin, SVG on stdout.

Knows the colours and weights the demo uses (SGR 0, 1, 2, 4, 7, 30-37, 90-97 and their
backgrounds, 38;5 and 48;5); anything else is drawn plain.
"""

import html
import re
import sys

WIDTH, HEIGHT, MARGIN = 8.4, 18, 14
TEXT, GROUND = "#d8dee9", "#1b1f27"
BASE = ["#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9",
        "#7b8394", "#ff8a93", "#b5e890", "#ffd98f", "#86c8ff", "#dfa0f0", "#7fd8e4", "#ffffff"]
SGR = re.compile(r"\x1b\[([0-9;]*)m")


def colour_of(number):
    if number < 16:
        return BASE[number]
    if number >= 232:
        level = 8 + 10 * (number - 232)
        return f"#{level:02x}{level:02x}{level:02x}"
    number -= 16
    parts = [0 if v == 0 else 55 + 40 * v for v in (number // 36, number // 6 % 6, number % 6)]
    return "#" + "".join(f"{v:02x}" for v in parts)


def apply_sgr(style, codes):
    codes = [int(code or 0) for code in codes.split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style.clear()
        elif code == 1:
            style["bold"] = True
        elif code == 2:
            style["dim"] = True
        elif code == 22:
            style.pop("bold", None)
            style.pop("dim", None)
        elif code == 7:
            style["reverse"] = True
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style["text"] = BASE[code - 30 if code < 90 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style["ground"] = BASE[code - 40 if code < 100 else code - 92]
        elif code in (38, 48) and len(codes) >= 2 and codes[0] == 5:
            style["text" if code == 38 else "ground"] = colour_of(codes[1])
            del codes[:2]
        elif code == 39:
            style.pop("text", None)
        elif code == 49:
            style.pop("ground", None)


def spans(line):
    """(column, text, style) of every stretch of one style."""
    style, column, at = {}, 0, 0
    for found in [*SGR.finditer(line), None]:
        text = line[at:found.start() if found else len(line)]
        if text:
            yield column, text, dict(style)
            column += len(text)
        if found:
            apply_sgr(style, found.group(1))
            at = found.end()


def draw(lines):
    columns = max((len(SGR.sub("", line)) for line in lines), default=0)
    width = columns * WIDTH + 2 * MARGIN
    height = len(lines) * HEIGHT + 2 * MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
           f'width="{width:.0f}" height="{height:.0f}" font-family="ui-monospace, '
           'DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">',
           f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>']
    for row, line in enumerate(lines):
        top = MARGIN + row * HEIGHT
        for column, text, style in spans(line):
            fill, ground = style.get("text", TEXT), style.get("ground")
            if style.get("reverse"):
                fill, ground = ground or GROUND, fill
            x, span = MARGIN + column * WIDTH, len(text) * WIDTH
            if ground:
                out.append(f'<rect x="{x:.1f}" y="{top}" width="{span:.1f}" height="{HEIGHT}" '
                           f'fill="{ground}"/>')
            if text.strip():
                weight = ' font-weight="bold"' if style.get("bold") else ""
                weight += ' opacity="0.65"' if style.get("dim") else ""
                out.append(f'<text x="{x:.1f}" y="{top + 13.5}" textLength="{span:.1f}" '
                           f'lengthAdjust="spacingAndGlyphs" xml:space="preserve" fill="{fill}"'
                           f'{weight}>{html.escape(text)}</text>')
    out.append("</svg>")
    return "\n".join(out)


def main():
    lines = [line.rstrip("\n") for line in sys.stdin]
    while lines and not SGR.sub("", lines[-1]).strip():
        lines.pop()
    print(draw(lines))


if __name__ == "__main__":
    main()
