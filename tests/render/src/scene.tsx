// A scene out of a classic dashboard: time, variables, links, grid, queries, transformations.
import { VariableHide } from "@grafana/data";
import {
  EmbeddedScene, QueryVariable, SceneControlsSpacer, SceneDataTransformer, SceneGridItem, SceneGridLayout, SceneGridRow,
  SceneQueryRunner, SceneReactObject, SceneTimePicker, SceneTimeRange, SceneVariableSet, VariableValueSelectors, VizPanel,
  ConstantVariable, CustomVariable, IntervalVariable, TextBoxVariable,
} from "@grafana/scenes";
import { LinkButton } from "@grafana/ui";

export interface Asked { from: string; to: string; variables: Record<string, string[]>; open: string[] }

export function scene(board: any, asked: Asked): EmbeddedScene {
  const links = () => (
    <>{(board.links ?? []).map((link: any) => <LinkButton key={link.title} size="sm" variant="secondary" href="#" icon="external-link-alt">{link.title}</LinkButton>)}</>
  );
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: asked.from, to: asked.to, timeZone: "utc" }),
    $variables: new SceneVariableSet({ variables: (board.templating?.list ?? []).map((one: any) => variable(one, asked)) }),
    controls: [
      new VariableValueSelectors({}), new SceneControlsSpacer(), new SceneReactObject({ component: links }),
      new SceneTimePicker({}),
    ],
    body: new SceneGridLayout({ isLazy: false, children: grid(opened(board.panels, asked.open)) }),
  });
}

function variable(one: any, asked: Asked) {
  const value = asked.variables[one.name] ?? one.current?.value;
  const common = { name: one.name, label: one.label, hide: one.hide as VariableHide, ...(value?.length ? { value, text: value } : {}) };
  const many = { isMulti: one.multi, includeAll: one.includeAll, allValue: one.allValue ?? undefined, defaultToAll: one.includeAll };
  switch (one.type) {
    case "query":
      return new QueryVariable({
        ...common, ...many, datasource: one.datasource, query: one.query, regex: one.regex ?? "", sort: one.sort ?? 0,
      });
    case "custom":
      return new CustomVariable({ ...common, ...many, query: one.query });
    case "interval":
      return new IntervalVariable({ ...common, value: one.current?.value ?? "1m", intervals: one.query.split(",") } as any);
    case "textbox":
      return new TextBoxVariable({ ...common, value: one.query } as any);
    default:
      return new ConstantVariable({ ...common, value: one.query } as any);
  }
}

/** The same with some rows open that are collapsed; what stands below moves down. */
function opened(panels: any[], titles: string[]): any[] {
  let lower = 0;
  const moved = (panel: any) => ({ ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + lower } });
  return panels.flatMap((panel) => {
    const inside = (panel.panels ?? []).map(moved);
    const row = moved(panel);
    if (!panel.collapsed || !titles.includes(panel.title)) return [{ ...row, panels: inside }];
    lower += Math.max(0, ...inside.map(({ gridPos }: any) => gridPos.y + gridPos.h - row.gridPos.y - 1));
    return [{ ...row, collapsed: false, panels: [] }, ...inside];
  });
}

/** Rows hold the panels behind them; those of a collapsed one lie in it. */
function grid(panels: any[]): Array<SceneGridItem | SceneGridRow> {
  const found: Array<SceneGridItem | SceneGridRow> = [];
  let row: { at: any; children: SceneGridItem[] } | undefined;
  const close = () => {
    if (row) found.push(new SceneGridRow({ key: `row-${row.at.id}`, title: row.at.title, y: row.at.gridPos.y, isCollapsed: !!row.at.collapsed, children: row.children }));
  };
  for (const panel of panels) {
    if (panel.type === "row") {
      close();
      row = { at: panel, children: (panel.panels ?? []).map(item) };
    } else if (row) row.children.push(item(panel));
    else found.push(item(panel));
  }
  close();
  return found;
}

function item(panel: any): SceneGridItem {
  const { x, y, w, h } = panel.gridPos;
  return new SceneGridItem({ x, y, width: w, height: h, body: drawn(panel) });
}

function drawn(panel: any): VizPanel {
  const runner = new SceneQueryRunner({
    datasource: panel.datasource ?? panel.targets?.[0]?.datasource, queries: panel.targets ?? [],
    maxDataPoints: panel.maxDataPoints, maxDataPointsFromWidth: true, minInterval: panel.interval ?? undefined,
  });
  return new VizPanel({
    key: `panel-${panel.id}`, title: panel.title, description: panel.description, pluginId: panel.type,
    options: panel.options ?? {}, fieldConfig: panel.fieldConfig ?? { defaults: {}, overrides: [] },
    $data: panel.targets?.length
      ? new SceneDataTransformer({ $data: runner, transformations: panel.transformations ?? [] })
      : undefined,
  });
}
