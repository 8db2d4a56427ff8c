"""Built dashboards as TypeScript constants of the types of @grafana/schema, for `tsc --noEmit`.

Enums are told by their wire strings. What the package has no types for is left out, and said: the alert list, links of
elements of a canvas (which Grafana's own source has), and texts of questions (any data source has its own).
"""

import json
import sys
from pathlib import Path

COMPOSABLE = {
    "timeseries": "timeseries", "stat": "stat", "bargauge": "bargauge", "table": "table", "barchart": "barchart",
    "state-timeline": "statetimeline", "histogram": "histogram", "xychart": "xychart", "canvas": "canvas",
    "text": "text",
}  # fmt: skip
CUSTOM = {"timeseries", "table", "barchart", "state-timeline", "histogram", "xychart"}

HEAD = """import type { Dashboard, Panel, RowPanel } from '@grafana/schema';
type Wire<T> = T extends string ? `${T}` : T extends (infer U)[] ? Wire<U>[]
  : T extends object ? { [K in keyof T]: Wire<T[K]> } : T;
type Given<T> = Omit<T, 'targets' | 'target'>;
"""


def main(folder: Path, out: Path) -> None:
    """Write one module for all dashboards of a folder."""
    lines, left = [HEAD], set()
    lines += [f"import type * as {name} from 'panel/{name}';" for name in sorted(set(COMPOSABLE.values()))]
    count = 0
    for file in sorted(folder.glob("*.json")):
        board = json.loads(file.read_text(encoding="utf-8"))
        panels = [one for each in board.pop("panels") for one in (each, *each.get("panels", ()))]
        for each in board["annotations"]["list"]:
            del each["target"]
        lines.append(_constant(f"board{count}", "Wire<Omit<Dashboard, 'panels'>>", board))
        for panel in panels:
            count += 1
            lines += _panel(f"panel{count}", panel, left)
        count += 1
    out.write_text("\n".join([*lines, "export {};"]) + "\n", encoding="utf-8")
    sys.stdout.write(f"{count} dashboards and panels; the package has no types for: {', '.join(sorted(left)) or '-'}\n")


def _panel(name: str, panel: dict, left: set[str]) -> list[str]:
    kind, options = panel["type"], panel.pop("options", {})
    if kind == "row":
        return [_constant(name, "Wire<RowPanel>", {**panel, "panels": []})]
    panel.pop("targets", None)
    custom = panel["fieldConfig"]["defaults"].pop("custom", {})
    found = [_constant(name, "Wire<Given<Panel>>", panel)]
    if kind not in COMPOSABLE:
        left.add(kind)
        return found
    if kind == "canvas":
        left.add("links of elements of a canvas")
        for element in options["root"]["elements"]:
            element.pop("links", None)
    module = COMPOSABLE[kind]
    found.append(_constant(f"{name}options", f"Wire<{module}.Options>", options))
    if kind in CUSTOM and custom:
        found.append(_constant(f"{name}custom", f"Wire<{module}.FieldConfig>", custom))
    return found


def _constant(name: str, type_: str, value: object) -> str:
    return f"export const {name}: {type_} = {json.dumps(value)};"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
