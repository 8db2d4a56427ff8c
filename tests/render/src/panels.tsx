// The panels. Those of Grafana's own source are not published, only what they are built of: a kind is drawn with these
// where there are such, and else by a substitute that says so.
import {
  type DisplayValueAlignmentFactors, type Field, type FieldDisplay, FieldType, PanelPlugin, type PanelProps,
  VizOrientation, cacheFieldDisplayNames, getDisplayValueAlignmentFactors, getFieldDisplayName, getFieldDisplayValues, renderMarkdown,
} from "@grafana/data";
import {
  BarGauge, BarGaugeDisplayMode, BigValue, BigValueColorMode, BigValueGraphMode, BigValueTextMode, TimeSeries, VizRepeater,
} from "@grafana/ui";
import { TableNG } from "@grafana/ui/unstable";
import type { JSX } from "react";

import { option, theme } from "./glue";

const DRAWN: Record<string, (props: PanelProps<any>) => JSX.Element> = {
  timeseries: Curves,
  stat: (props) => <Repeated {...props} of={Stat} graph={props.options.graphMode !== "none"} />,
  gauge: (props) => <Repeated {...props} of={Bar} />,
  bargauge: (props) => <Repeated {...props} of={Bar} />,
  table: Rows,
  text: ({ options }) => <div className="markdown-html" dangerouslySetInnerHTML={{ __html: renderMarkdown(options.content) }} />,
  barchart: (props) => <Substitute {...props} as="as plain bars"><Bars {...props} /></Substitute>,
  "state-timeline": (props) => <Substitute {...props} as="as spans"><Spans {...props} /></Substitute>,
  "status-history": (props) => <Substitute {...props} as="as spans"><Spans {...props} /></Substitute>,
};

/** The plugin of a kind, with options for what the fields of a board have beside the standard ones. */
export function plugin(kind: string, custom: string[]): PanelPlugin {
  return new PanelPlugin<any>(DRAWN[kind] ?? Substitute).useFieldConfig({
    useCustomConfig: (builder) => custom.forEach((name) => builder.addCustomEditor(option(name) as any)),
  });
}

/** How the panel of a kind is drawn here: with blocks of Grafana, or how else. */
export function means(kind: string): string {
  return ["barchart", "state-timeline", "status-history"].includes(kind) || !DRAWN[kind] ? "substitute" : "@grafana/ui";
}

function Substitute({ data, width, height, as, children, ...props }: PanelProps & { as?: string; children?: any }) {
  const rows = data.series.reduce((sum, frame) => sum + frame.length, 0);
  return (
    <div style={{ width, height, overflow: "hidden" }}>
      <div style={{ fontSize: 12, height: 20, fontStyle: "italic", opacity: 0.7 }}>
        Drawn by Grafana only{as ? `; here ${as}` : rows ? `; its ${rows} rows are there` : ""}
      </div>
      {children}
    </div>
  );
}

function Curves({ data, timeRange, timeZone, width, height, options }: PanelProps<any>) {
  const frames = data.series.filter((frame) => frame.fields.some((field) => field.type === FieldType.number));
  if (!frames.length) return <Nothing />;
  const legend = { calcs: [], displayMode: "list", placement: "bottom", showLegend: true, ...options.legend };
  return <TimeSeries {...{ frames, timeRange, timeZone, width, height, legend, options }} />;
}

function Rows({ data, width, height, options, fieldConfig, timeRange }: PanelProps<any>) {
  if (!data.series.length || !data.series[0].fields.length) return <Nothing />;
  cacheFieldDisplayNames(data.series);
  return (
    <TableNG
      {...{ width, height, fieldConfig, timeRange }} data={data.series[options.frameIndex ?? 0]} sortBy={options.sortBy}
      noHeader={options.showHeader === false} cellHeight={options.cellHeight} enablePagination={false}
    />
  );
}

type One = (
  value: FieldDisplay, width: number, height: number, options: any, orientation: VizOrientation, count: number,
  factors?: DisplayValueAlignmentFactors,
) => JSX.Element;

function Repeated({ of, graph, ...props }: PanelProps<any> & { of: One; graph?: boolean }) {
  const { data, options, fieldConfig, replaceVariables, timeZone, width, height, renderCounter } = props;
  const getValues = () =>
    getFieldDisplayValues({
      fieldConfig, replaceVariables, theme, data: data.series, sparkline: graph, timeZone,
      reduceOptions: { calcs: ["lastNotNull"], values: false, ...options.reduceOptions },
    });
  const horizontal = of === Bar && (options.orientation ?? "horizontal") === "horizontal";
  return (
    <VizRepeater
      {...{ getValues, width, height, renderCounter }} source={data} itemSpacing={of === Bar ? 8 : 3} autoGrid={of === Stat}
      orientation={horizontal ? VizOrientation.Horizontal : ((options.orientation ?? "auto") as VizOrientation)}
      minVizHeight={options.minVizHeight} maxVizHeight={options.maxVizHeight}
      getAlignmentFactors={getDisplayValueAlignmentFactors as any}
      renderValue={({ value, width: w, height: h, orientation, count, alignmentFactors }) =>
        of(value as FieldDisplay, w, h, options, orientation, count, alignmentFactors as DisplayValueAlignmentFactors)
      }
    />
  );
}

function Stat(...[value, width, height, options, , count, alignmentFactors]: Parameters<One>) {
  return (
    <BigValue
      {...{ width, height, theme, count, alignmentFactors }} value={value.display} sparkline={value.sparkline}
      colorMode={options.colorMode ?? BigValueColorMode.Value} textMode={options.textMode ?? BigValueTextMode.Auto}
      graphMode={options.graphMode ?? BigValueGraphMode.Area} text={options.text} justifyMode={options.justifyMode}
    />
  );
}

function Bar(...[value, width, height, options, orientation, , alignmentFactors]: Parameters<One>) {
  return (
    <BarGauge
      {...{ width, height, theme, orientation, alignmentFactors }} value={value.display} field={value.field}
      display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)} itemSpacing={8}
      text={options.text} namePlacement={options.namePlacement} valueDisplayMode={options.valueMode}
      displayMode={options.displayMode ?? BarGaugeDisplayMode.Basic} showUnfilled={options.showUnfilled ?? true}
    />
  );
}

/** Bars of a bar chart: for each row its category, and a bar for each number; as many rows as there is room for. */
function Bars({ data, width, height, options }: PanelProps<any>) {
  const [frame] = data.series;
  if (!frame?.length) return <Nothing />;
  const category = frame.fields.find((one) => one.name === options.xField) ?? frame.fields.find((one) => one.type === FieldType.string);
  const numbers = frame.fields.filter((one) => one.type === FieldType.number);
  const most = Math.max(...numbers.flatMap((one) => one.values.filter((value) => value !== null)), Number.MIN_VALUE);
  const step = 13 * numbers.length + 5;
  const [name, figure] = [150, 170];
  return (
    <svg width={width} height={height - 20} fontSize={11} fill={theme.colors.text.secondary}>
      {Array.from({ length: Math.min(frame.length, Math.floor((height - 20) / step)) }, (_, row) => (
        <g key={row} transform={`translate(0 ${row * step})`}>
          <text x={name - 6} y={11} textAnchor="end">{category?.values[row]}</text>
          {numbers.map((field, i) => {
            const shown = field.display!(field.values[row]);
            const long = Math.max(1, (Math.max(0, field.values[row] ?? 0) / most) * (width - name - figure));
            return (
              <g key={i} transform={`translate(${name} ${i * 13})`}>
                <rect width={long} height={11} fill={shown.color} fillOpacity={1 - i * 0.4} />
                <text x={long + 5} y={10}>{shown.prefix}{shown.text}{shown.suffix} {numbers.length > 1 && getFieldDisplayName(field, frame)}</text>
              </g>
            );
          })}
        </g>
      ))}
    </svg>
  );
}

/** States over time: a row of spans for each field. */
function Spans({ data, timeRange, width, height }: PanelProps) {
  const from = timeRange.from.valueOf();
  const all = timeRange.to.valueOf() - from;
  const lanes = data.series.flatMap((frame) => {
    const times: number[] = frame.fields.find((field) => field.type === FieldType.time)?.values ?? [];
    return frame.fields
      .filter((field) => field.type !== FieldType.time)
      .map((field) => ({ name: getFieldDisplayName(field, frame, data.series), field, times }));
  });
  const name = 130;
  const step = Math.max(6, Math.min(30, (height - 20) / Math.max(1, lanes.length)));
  const share = (at: number) => Math.max(0, Math.min(1, (at - from) / all)) * (width - name);
  return (
    <svg width={width} height={step * lanes.length}>
      {lanes.map(({ name: shown, field, times }, row) => (
        <g key={row} transform={`translate(0 ${row * step})`}>
          <text x={name - 6} y={step * 0.7} textAnchor="end" fontSize={Math.min(11, step)} fill={theme.colors.text.secondary}>{shown}</text>
          {times.map((at, i) => <Span key={i} field={field} value={field.values[i]} height={step - 2} begin={name + share(at)} end={name + share(times[i + 1] ?? from + all)} />)}
        </g>
      ))}
    </svg>
  );
}

function Span({ field, value, begin, end, height }: { field: Field; value: unknown; begin: number; end: number; height: number }) {
  const { color, text } = field.display!(value);
  if (value === null || end <= begin) return null;
  return (
    <g>
      <rect x={begin} width={end - begin} height={height} fill={color} />
      {end - begin > 7 * text.length && height > 11 && <text x={begin + 3} y={height * 0.7} fontSize={10}>{text}</text>}
    </g>
  );
}

function Nothing() {
  return <div style={{ padding: 16 }}>No data</div>;
}
