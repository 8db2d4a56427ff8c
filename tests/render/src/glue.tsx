// What Grafana itself gives its packages at the start, as far as scenes and panels ask for it: services, registries of
// transformations and of field options, translations. Import it before anything is drawn.
import {
  EventBusSrv, FieldConfigProperty, type FieldConfigPropertyItem, LoadingState, type PanelPlugin, createTheme,
  dataLinksOverrideProcessor, displayNameOverrideProcessor, standardEditorsRegistry, standardFieldConfigEditorRegistry, standardTransformers, standardTransformersRegistry,
} from "@grafana/data";
import { initPluginTranslations } from "@grafana/i18n";
import {
  config, setAppEvents, setDataSourceSrv, setPluginImportUtils, setRunRequest, setTemplateSrv,
} from "@grafana/runtime";
import { from } from "rxjs";
import { map } from "rxjs/operators";

export const theme = createTheme({ colors: { mode: "light" } });

type Process = (value: any, context: any, settings: any) => unknown;

const PROCESSES: Record<string, Process> = {
  [FieldConfigProperty.DisplayName]: displayNameOverrideProcessor,
  [FieldConfigProperty.Links]: dataLinksOverrideProcessor,
  // JSON has no infinity: the first step comes as null
  [FieldConfigProperty.Thresholds]: (value) =>
    value && { ...value, steps: value.steps.map((step: any, i: number) => (i ? step : { ...step, value: -Infinity })) },
};

/** An option of fields as a registry wants it; nobody edits here, so there are no editors. */
export function option(id: string, path = id): FieldConfigPropertyItem {
  const none = () => null;
  const process = PROCESSES[id] ?? ((value: unknown) => value ?? undefined);
  const settings = { expandTemplateVars: true };
  return { id, path, name: id, editor: none, override: none, shouldApply: () => true, process, settings } as any;
}

export async function glue(plugins: (id: string) => PanelPlugin): Promise<void> {
  await initPluginTranslations("grafana-scenes");
  config.theme2 = theme;
  config.theme = theme.v1;
  standardEditorsRegistry.setInit(() => []);
  standardFieldConfigEditorRegistry.setInit(() =>
    Object.values(FieldConfigProperty).map((id) => option(id)),
  );
  const transformers = new Map(Object.values(standardTransformers).map((one: any) => [one.id, one])); // some twice
  standardTransformersRegistry.setInit(() =>
    [...transformers.values()].map((one) => ({
      id: one.id, name: one.name, transformation: async () => one, imageDark: "", imageLight: "",
    })),
  );
  setAppEvents(new EventBusSrv());
  setPluginImportUtils({ importPanelPlugin: async (id) => plugins(id), getPanelPluginFromCache: plugins });
  setRunRequest((source, request) =>
    from(source.query(request)).pipe(
      map((answer) => ({
        state: answer.state ?? LoadingState.Done, series: answer.data, errors: answer.errors, error: answer.errors?.[0],
        timeRange: request.range, request,
      })),
    ),
  );
  const nobody = () => Promise.reject(new Error("a panel asks a data source that is not provisioned"));
  setDataSourceSrv({
    get: nobody, getList: () => [], getInstanceSettings: () => undefined, reload: async () => {},
    registerRuntimeDataSource: () => {},
  });
  setTemplateSrv({
    getVariables: () => [], replace: (text = "") => text, containsTemplate: () => false, updateTimeRange: () => {},
  });
}
