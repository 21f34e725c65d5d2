"""Tables and the plot. Ratios are to the baseline, round by round; the median of the rounds counts."""

from statistics import median

# Field of a sample, heading, whether more is better.
MEASURES = [
    ("rps", "requests/s", True),
    ("cpu_us", "server CPU per request", False),
    ("p50", "p50", False),
    ("p99", "p99", False),
    ("p999", "p99.9", False),
]
COLOURS = ["#2f6f8f", "#c2703d", "#6b8f3a", "#8a5a9e", "#b03a48"]


def ratios(samples, base, field):
    """A server's ratio to the baseline in each round; rounds where the baseline measured nothing are left out."""
    pairs = [(getattr(ours, field), getattr(theirs, field)) for ours, theirs in zip(samples, base)]
    return [ours / theirs for ours, theirs in pairs if theirs > 0] or [float("nan")]


def ratio_text(values):
    """Median and, for more than one round, the range."""
    text = f"{median(values):.2f}x"
    if len(values) > 1:
        text += f" ({min(values):.2f}-{max(values):.2f})"
    return text


def table(names, results):
    """The work table as Markdown. `results`: rows of (title, operation, {server: [Sample]})."""
    base = names[0]
    lines = ["| work | op | server | requests/s | CPU us/request | p50 ms | p99 ms | p99.9 ms | requests/s ratio | CPU ratio |"]
    lines.append("|---|---|---|---:|---:|---:|---:|---:|---|---|")
    for title, operation, by_server in results:
        for name in names:
            samples = by_server[name]
            cells = [f"`{title}`", operation.upper(), name]
            cells.append(f"{median(s.rps for s in samples):,.0f}")
            cells.append(f"{median(s.cpu_us for s in samples):.2f}")
            cells += [f"{median(getattr(s, field) for s in samples):.3f}" for field in ("p50", "p99", "p999")]
            if name == base:
                cells += ["1", "1"]
            else:
                cells += [ratio_text(ratios(samples, by_server[base], field)) for field in ("rps", "cpu_us")]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def memory_table(names, memory):
    """Memory per key as Markdown. `memory`: {value bytes: {server: bytes per key}}."""
    lines = ["| value bytes | " + " | ".join(names) + " |", "|---:|" + "---:|" * len(names)]
    for value_bytes, by_server in memory.items():
        lines.append(f"| {value_bytes} | " + " | ".join(f"{by_server[name]:.1f}" for name in names) + " |")
    return "\n".join(lines)


def plot(names, results, caption):
    """An SVG with one panel per measure: bars of each server's median ratio to the baseline."""
    base, others = names[0], names[1:]
    bar, gap, label, panel, head = 9, 8, 270, 170, 46
    group = bar * len(others) + gap
    height = head + group * len(results) + 40
    width = label + (panel + 20) * len(MEASURES) + 10
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="11" fill="#222">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for at, (title, operation, _) in enumerate(results):
        y = head + at * group + group / 2
        out.append(f'<text x="6" y="{y:.1f}">{operation.upper()} {title}</text>')
    for number, (field, heading, more) in enumerate(MEASURES):
        left = label + number * (panel + 20)
        shown = [[median(ratios(by[name], by[base], field)) for name in others] for _, _, by in results]
        top = max([1.25] + [value for row in shown for value in row if value == value])
        scale = (panel - 34) / min(top, 6.0)
        out.append(f'<text x="{left}" y="16" font-weight="bold">{heading}</text>')
        out.append(f'<text x="{left}" y="30" fill="#666">{"more" if more else "less"} is better</text>')
        for at, row in enumerate(shown):
            for server, value in enumerate(row):
                if value != value:
                    continue
                y = head + at * group + server * bar
                length = min(value, 6.0) * scale
                out.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 1}" fill="{COLOURS[server % 5]}"/>')
                out.append(f'<text x="{left + length + 3:.1f}" y="{y + bar - 2}" font-size="9">{value:.2f}</text>')
        line = left + scale
        bottom = head + group * len(results) - gap + 4
        out.append(f'<line x1="{line:.1f}" y1="{head - 6}" x2="{line:.1f}" y2="{bottom}" stroke="#222" stroke-dasharray="3 2"/>')
    x = 6
    for server, name in enumerate(others):
        out.append(f'<rect x="{x}" y="{height - 26}" width="10" height="10" fill="{COLOURS[server % 5]}"/>')
        out.append(f'<text x="{x + 14}" y="{height - 17}">{name}</text>')
        x += 30 + 7 * len(name)
    out.append(f'<text x="{x + 10}" y="{height - 17}" fill="#666">dashed: {base} = 1. {caption}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def splice(page, block):
    """Puts the block between the markers of a page; a page without them is refused."""
    begin, end = "<!-- peers:begin -->", "<!-- peers:end -->"
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"docs/performance.md lacks its markers {begin} and {end}")
    return f"{head}{begin}\n{block}\n{end}{tail}"
