# SPDX-License-Identifier: BSD-2-Clause
"""The budgets, and the tables of a run in Markdown."""

import math

import peers
import runs

TITLES = {cls.name: cls.title for cls in peers.ALL}


class Budget:
    """A limit that was met, or not, and by what ratio."""

    def __init__(self, what, measured, limit, unit="", at_least=False):
        self.what = what
        self.measured = measured
        self.limit = limit
        self.unit = unit
        self.at_least = at_least

    def met(self):
        if self.at_least:
            return self.measured >= self.limit
        return self.measured <= self.limit

    def ratio(self):
        """What was used of what was allowed: at most 1 is met."""
        above, under = self.measured, self.limit
        if self.at_least:
            above, under = under, above
        if under == 0:
            return 0.0 if above == 0 else float("inf")
        return above / under

    def row(self):
        sign = "at least" if self.at_least else "at most"
        verdict = "met" if self.met() else "NOT MET"
        return [self.what, f"{sign} {self.limit:.3g}{self.unit}",
                f"{self.measured:.3g}{self.unit}", f"{verdict}, {self.ratio():.2f} of it"]

    def as_dict(self):
        return {"what": self.what, "limit": self.limit, "measured": self.measured,
                "met": self.met(), "ratio": self.ratio()}


def dearest_ratio(cpu, draws_ports):
    """Our cost of a forwarded query over that of the best of these peers."""
    ratios = [runs.cost_ratio(cpu, "sinkholed", cls.name, "forwarded") for cls in peers.ALL
              if cls.blocks and cls.name != "sinkholed" and cls.draws_ports == draws_ports]
    return max((ratio for ratio in ratios if ratio is not None), default=None)


def speed_budgets(speed):
    cpu = speed.get("cpu", {})
    own = cpu.get("sinkholed", {})
    for workload in ("blocked", "below", "cached"):
        if workload in own:
            ratio = runs.cost_ratio(cpu, "sinkholed", "reflector", workload)
            if ratio is not None:
                yield Budget(f"{workload}: CPU, of the reflector's", ratio, 1.15)
            yield Budget(f"{workload}: user time", own[workload]["user_us"], 0.4, " us")
    for draws_ports, limit, whom in ((True, 0.5, "the best that draws its ports"),
                                     (False, 1.2, "dnsdist, which does not")):
        ratio = dearest_ratio(cpu, draws_ports)
        if ratio is not None:
            yield Budget(f"forwarded: CPU, of {whom}", ratio, limit)
    ratios = [runs.cost_ratio(cpu, "sinkholed-tls", cls.name, "forwarded-tls")
              for cls in (peers.DnsdistTls, peers.UnboundTls)]
    if any(ratios):
        yield Budget("forwarded-tls: CPU, of the best peer", max(filter(None, ratios)), 1)


def reload_budgets(what, reload):
    yield Budget(f"{what}: queries lost", reload["lost"], 0)
    if reload["p99_during_us"] is not None and reload["p99_before_us"] > 0:
        yield Budget(f"{what}: p99 during over before",
                     reload["p99_during_us"] / reload["p99_before_us"], 2)


def size_budgets(size, row):
    names = f"{size:,} names"
    limits_s = {1000000: 0.4, 10000000: 5}
    if size in limits_s:
        yield Budget(f"{names}: ready", row["ready_s"], limits_s[size], " s")
    if size >= 1000000:
        yield Budget(f"{names}: memory a name", row["bytes_a_name"], 32, " B")
    if "reload" in row:
        reload = row["reload"]
        if size >= 1000000:
            yield Budget(f"{names}: memory after a reload, of before",
                         reload["rss_after"] / reload["rss_before"], 1.05)
            yield Budget(f"{names}: peak under a reload, of before",
                         reload["peak"] / reload["rss_before"], 2.1)
        yield from reload_budgets(f"{names}: reload at 5,000/s", reload)
    if "reload_saturated" in row:
        yield from reload_budgets(f"{names}: reload at full load", row["reload_saturated"])


def budgets(results):
    found = list(speed_budgets(results.get("speed", {})))
    if results.get("scaling"):
        found.append(Budget("two workers, of one", results["scaling"]["factor"], 1.8,
                            at_least=True))
    for size, rows in results.get("sizes", {}).items():
        if "sinkholed" in rows:
            found += size_budgets(int(size), rows["sinkholed"])
    return found


# ---- Markdown


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def cpu_cell(cpu, name, workload):
    cell = cpu[name].get(workload)
    if cell is None:
        return ""
    ratio = runs.cost_ratio(cpu, name, "reflector", workload)
    return f"{cell['cpu_us']:.2f} ({cell['user_us']:.2f})" + (f" ×{ratio:.2f}" if ratio else "")


def speed_text(speed):
    cpu = speed["cpu"]
    measured = [w for w in peers.WORKLOADS if any(w in cells for cells in cpu.values())]
    text = (f"## CPU a query, {speed['names']:,} names, one thread\n\n"
            "Microseconds at saturation (of it in user space), and how many times the "
            "reflector's beside it.\n\n")
    text += table(["", *measured], [[TITLES[name]] + [cpu_cell(cpu, name, w) for w in measured]
                                    for name in cpu])
    text += "\n## Queries a second at saturation\n\n"
    text += table(["", *measured],
                  [[TITLES[name]] + [f"{cells[w]['qps']:,.0f}" if w in cells else ""
                                     for w in measured] for name, cells in cpu.items()])
    return text + "\n" + latency_text(speed["latency"])


def latency_cell(cell):
    if cell is None:
        return ""
    lost = f", {cell['lost']:,} lost" if cell["lost"] else ""
    return f"{cell['p50']:.0f} / {cell['p99']:.0f}{lost}"


def latency_text(latency):
    rates = {w: cells[w]["rate"] for cells in latency.values() for w in cells}
    measured = [w for w in peers.WORKLOADS if w in rates]
    rows = [[TITLES[name]] + [latency_cell(cells.get(w)) for w in measured]
            for name, cells in latency.items()]
    return ("## Latency, p50 / p99 in microseconds\n\n" +
            table(["", *[f"{w} at {rates[w]:,.0f}/s" for w in measured]], rows))


def reload_cells(row):
    reload = row.get("reload")
    if reload is None:
        return [""] * 5
    peak = f"{reload['peak'] / reload['rss_before']:.2f}" if reload["peak"] else "restart"
    during = reload["p99_during_us"]
    p99 = f"{reload['p99_before_us']:.0f} → "
    p99 += "too short" if during is None else "lost" if during == math.inf else f"{during:.0f}"
    return [f"{reload['seconds']:.2f} s", f"{reload['lost']:,} of {reload['sent']:,}",
            f"{reload['silent_ms']:.0f} ms", p99,
            f"{peak} / {reload['rss_after'] / reload['rss_before']:.2f}"]


def sizes_text(sizes):
    text = ""
    for size, rows in sizes.items():
        cells = [[TITLES[name], f"{row['ready_s']:.2f} s ({row['ready_cpu_s']:.2f})",
                  f"{row['prepare_s']:.2f} s" if row["prepare_s"] else "",
                  f"{row['bytes_a_name']:.0f} B" if int(size) >= 10000 else "",
                  f"{row['file_bytes_a_name']:.0f} B", *reload_cells(row)]
                 for name, row in rows.items()]
        text += f"\n## {int(size):,} names\n\n"
        text += table(["", "ready after (CPU)", "compiled before in", "memory a name",
                       "file a name",
                       "reload", "lost at 5,000/s", "longest silence", "p99 µs before → during",
                       "memory at peak / after, of before"], cells)
    return text


def scaling_text(scaling):
    how = "throughput" if scaling["direct"] else \
        "CPU time a query (too few cores to give workers and load their own)"
    one, two = scaling["one"], scaling["two"]
    return (f"\n## Two workers\n\n{scaling['factor']:.2f} times one, by {how}: "
            f"{one['qps']:,.0f}/s at {one['cpu_us']:.2f} µs, then {two['qps']:,.0f}/s at "
            f"{two['cpu_us']:.2f} µs.\n")


def busy_note(cpu):
    shares = [cell["foreign"] for cells in cpu.values() for cell in cells.values()]
    busy = [share for share in shares if share > 0.05]
    if not busy:
        return []
    return [f"- Other programs took up to {max(busy):.0%} of the machine during {len(busy)} of "
            f"{len(shares)} CPU measurements: ratios may hold, the rest should be repeated"]


def notes_text(results):
    cpu = results.get("speed", {}).get("cpu", {})
    notes = [f"- {TITLES.get(name, name)}: {text}" for name, text in results["left_out"]]
    notes += busy_note(cpu)
    for name, cells in cpu.items():
        for workload, cell in cells.items():
            if cell["mismatched"] or cell["lost"]:
                notes.append(f"- {TITLES[name]}, {workload}: {cell['lost']:,} lost and "
                             f"{cell['mismatched']:,} not as expected of {cell['sent']:,}")
    return "\n## Notes\n\n" + "\n".join(notes) + "\n" if notes else ""


def machine_text(results):
    facts = results["machine"]
    versions = ", ".join(f"{TITLES[name]}: {version}"
                         for name, version in results["versions"].items() if version)
    lines = [f"- Machine: {facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB, "
             f"hypervisor {facts['hypervisor']}, Linux {facts['kernel']}",
             f"- Versions: {versions}",
             f"- Command: `{results['command']}`, {results['rounds']} rounds of "
             f"{results['seconds']:g} s, servers on core 0, load and upstream on core 1"]
    return "\n## How it was measured\n\n" + "\n".join(lines) + "\n"


def markdown(results):
    text = ""
    found = budgets(results)
    if results.get("speed"):
        text += speed_text(results["speed"])
    if results.get("sizes"):
        text += sizes_text(results["sizes"])
    if results.get("scaling"):
        text += scaling_text(results["scaling"])
    if found:
        text += "\n## Budgets of sinkholed\n\n"
        text += table(["what", "budget", "measured", ""], [budget.row() for budget in found])
    return text + notes_text(results) + machine_text(results)
