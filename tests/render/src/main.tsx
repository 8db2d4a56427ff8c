// Draws the board that the address names, says when it is ready, and what each panel shows.
//
// The address: ?board=URL of the JSON&from=ISO&to=ISO&var-NAME=VALUE&open=TITLE of a collapsed row. When all is drawn, `document.body.dataset.ready`
// is set and `window.shown` tells of each panel: its id, title, kind, means, rows, values that are there, errors.
import { LoadingState, ThemeContext } from "@grafana/data";
import { SceneQueryRunner, VizPanel, sceneGraph, sceneUtils } from "@grafana/scenes";
import { GlobalStyles, PortalContainer } from "@grafana/ui";
import { createRoot } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";

import { glue, theme } from "./glue";
import { Influx } from "./influx";
import { means, plugin } from "./panels";
import { scene } from "./scene";

const asked = new URLSearchParams(location.search);
const board = await (await fetch(asked.get("board")!)).json();
const panels: any[] = board.panels.flatMap((panel: any) => [panel, ...(panel.panels ?? [])]).filter((panel: any) => panel.type !== "row");
const kinds = new Map(
  panels.map(({ type }) => {
    const fields = panels.filter((panel) => panel.type === type).map((panel) => panel.fieldConfig ?? {});
    const custom = fields.flatMap(({ defaults, overrides }) => [
      ...Object.keys(defaults?.custom ?? {}),
      ...(overrides ?? []).flatMap((rule: any) => rule.properties.map((one: any) => one.id)).filter((id: string) => id.startsWith("custom.")).map((id: string) => id.slice(7)),
    ]);
    return [type, plugin(type, [...new Set(custom)])];
  }),
);
await glue((kind) => kinds.get(kind)!);
for (const [pluginId, one] of kinds) sceneUtils.registerRuntimePanelPlugin({ pluginId, plugin: one });
const sources = new Set(JSON.stringify(board).match(/"datasource":\{[^{}]*\}/g)?.map((one) => JSON.parse(`{${one}}`).datasource.uid));
for (const uid of sources) sceneUtils.registerRuntimeDataSource({ dataSource: new Influx("influxdb", uid) });

const variables: Record<string, string[]> = {};
for (const key of asked.keys()) if (key.startsWith("var-")) variables[key.slice(4)] = asked.getAll(key);
const built = scene(board, { from: asked.get("from")!, to: asked.get("to")!, variables, open: asked.getAll("open") });

document.body.style.background = theme.colors.background.canvas;
document.getElementById("root")!.style.padding = "16px";
createRoot(document.getElementById("root")!).render(
  <ThemeContext.Provider value={theme}>
    <MemoryRouter>
      <GlobalStyles />
      <h2>{board.title}</h2>
      <built.Component model={built} />
      <PortalContainer />
    </MemoryRouter>
  </ThemeContext.Provider>,
);

const runners = () => sceneGraph.findAllObjects(built, (one) => one instanceof SceneQueryRunner && one.isActive) as SceneQueryRunner[];
const done = (runner: SceneQueryRunner) => [LoadingState.Done, LoadingState.Error].includes(runner.state.data?.state as LoadingState);
const calm = () => !sceneGraph.hasVariableDependencyInLoadingState(built) && runners().length > 0 && runners().every(done);
let still = 0;
const watch = setInterval(() => {
  still = calm() ? still + 1 : 0;
  if (still < 8) return; // for a second: what depends on variables starts again once they are there
  clearInterval(watch);
  (window as any).shown = (sceneGraph.findAllObjects(built, (one) => one instanceof VizPanel) as VizPanel[]).filter((panel) => panel.isActive).map(told);
  document.body.dataset.ready = "yes";
}, 125);

function told(panel: VizPanel) {
  const data = panel.state.$data?.state.data;
  const series = data?.series ?? [];
  const fields = panel.applyFieldConfig(data).series.flatMap((frame) => frame.fields.filter((field) => field.type !== "time"));
  const values = fields.flatMap((field) => field.values);
  return {
    id: Number(panel.state.key!.slice(6)), title: panel.state.title, kind: panel.state.pluginId, means: means(panel.state.pluginId),
    asks: panel.state.$data !== undefined, rows: series.reduce((sum, frame) => sum + frame.length, 0),
    values: values.filter((value) => value !== null && value !== undefined).length,
    fields: fields.slice(0, 12).map((field) => {
      const last = field.values.filter((value: unknown) => value !== null).at(-1);
      const shown = last === undefined ? undefined : field.display?.(last);
      return `${field.config.displayName ?? field.state?.displayName ?? field.config.displayNameFromDS ?? field.name} = ${shown ? `${shown.prefix ?? ""}${shown.text}${shown.suffix ?? ""}` : "nothing"}`;
    }),
    errors: (data?.errors ?? (data?.error ? [data.error] : [])).map((error) => error.message ?? String(error)),
  };
}
