// The data source: sends a panel's InfluxQL to a real InfluxDB, and makes frames of the answer as the InfluxDB data
// source of Grafana does. Macros are filled in by scenes, but for $timeFilter, which is the data source's own.
import {
  type DataFrame, type DataQuery, type DataQueryRequest, type DataQueryResponse, type Field, FieldType, LoadingState,
  type MetricFindValue, type ScopedVars, type TimeRange, createDataFrame,
} from "@grafana/data";
import { RuntimeDataSource, type SceneObject, sceneGraph } from "@grafana/scenes";

export interface InfluxQuery extends DataQuery {
  query: string;
  alias?: string;
  resultFormat?: "time_series" | "table";
}

interface Series {
  name: string;
  tags?: Record<string, string>;
  columns: string[];
  values: Array<Array<number | string | boolean | null>>;
}

export class Influx extends RuntimeDataSource<InfluxQuery> {
  async query(request: DataQueryRequest<InfluxQuery>): Promise<DataQueryResponse> {
    const asked = request.targets.filter((target) => !target.hide);
    const answers = await Promise.allSettled(
      asked.map(async (target) => {
        const series = await this.ask(filled(target.query, request.range, request.scopedVars));
        const frames = target.resultFormat === "table" ? table(series) : curves(series, target.alias ?? "");
        return frames.map((frame) => ({ ...frame, refId: target.refId }));
      }),
    );
    const errors = answers.flatMap((answer, i) =>
      answer.status === "rejected" ? [{ message: String(answer.reason), refId: asked[i].refId }] : [],
    );
    const data = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    return { data, errors, state: errors.length ? LoadingState.Error : LoadingState.Done };
  }

  async metricFindQuery(query: string | { query: string }, options: any): Promise<MetricFindValue[]> {
    const words = typeof query === "string" ? query : query.query;
    const series = await this.ask(filled(words, options.range, options.scopedVars));
    // all columns but the first one, as Grafana does: of SHOW TAG VALUES that is the key, else the time
    const found = series.flatMap((one) => one.columns.slice(1).flatMap((_, i) => one.values.map((row) => row[i + 1])));
    return [...new Set(found.map(String))].map((text) => ({ text }));
  }

  private async ask(q: string): Promise<Series[]> {
    const answer = await fetch(`/query/${this.uid}?${new URLSearchParams({ epoch: "ms", q })}`);
    const { results, error } = await answer.json();
    const failed = error ?? results?.[0]?.error; // an error comes back inside a 200
    if (failed) throw new Error(`${failed}: ${q}`);
    return results[0].series ?? [];
  }
}

function filled(query: string, range: TimeRange, scoped: ScopedVars): string {
  const during = `time >= ${range.from.valueOf()}ms and time <= ${range.to.valueOf()}ms`;
  const scene = scoped.__sceneObject?.value.valueOf() as SceneObject;
  return sceneGraph.interpolate(scene, query.replaceAll("$timeFilter", during), scoped, "regex");
}

/** A frame for each column of each combination of tags, named by the alias. */
function curves(series: Series[], alias: string): DataFrame[] {
  return series.flatMap(({ name, tags = {}, columns, values }) =>
    columns.slice(1).map((column, i) => {
      const shown = alias
        ? alias.replace(/\$(\w+)|\[\[([\s\S]+?)\]\]/g, (found, a, b) => {
            const word = a ?? b;
            if (word === "m" || word === "measurement") return name;
            return word === "col" ? column : (tags[word.replace(/^tag_/, "")] ?? found);
          })
        : `${name}.${column}` + (Object.keys(tags).length ? ` { ${Object.entries(tags).map((t) => t.join(": ")).join(", ")} }` : "");
      const told = field("Value", values.map((row) => row[i + 1]), shown);
      return createDataFrame({ name: shown, fields: [time(values.map((row) => row[0])), { ...told, labels: tags }] });
    }),
  );
}

/** One frame of all: the time, the tags, the columns. */
function table(series: Series[]): DataFrame[] {
  if (!series.length) return [];
  const [{ name, columns, tags = {} }] = series;
  const rows = series.flatMap((one) => one.values.map((row) => ({ row, tags: one.tags ?? {} })));
  // Grafana gives tags in whatever order a map of Go has them: a board must not build on any, so here it is reversed
  const labels = Object.keys(tags).reverse().map((tag) => field(tag, rows.map((one) => one.tags[tag]), tag));
  const rest = columns.slice(1).map((column, i) => field(column, rows.map(({ row }) => row[i + 1]), column));
  return [createDataFrame({ name, fields: [time(rows.map(({ row }) => row[0])), ...labels, ...rest] })];
}

function time(values: unknown[]): Field {
  return { name: "Time", type: FieldType.time, config: {}, values };
}

function field(name: string, values: unknown[], shown: string): Field {
  const first = typeof values.find((value) => value !== null);
  const type = first === "string" ? FieldType.string : first === "boolean" ? FieldType.boolean : FieldType.number;
  return { name, type, config: { displayNameFromDS: shown }, values };
}
