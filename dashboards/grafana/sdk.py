"""The one place that knows `grafana-foundation-sdk`: a public preview, whose names move.

Its models give the JSON of dashboards, panels and options as Grafana 12 and up have it, with their defaults; what comes
out is plain data with sorted keys. It validates nothing: lint and the type check against @grafana/schema do.
"""

import json
import warnings
from collections.abc import Mapping
from typing import Any

from dashboards.panels import Kind

with warnings.catch_warnings():  # its classic models say on import that newer ones exist, which provisioning refuses
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.variants import Dataquery
    from grafana_foundation_sdk.models import (
        annotationslist,
        barchart,
        bargauge,
        common,
        gauge,
        heatmap,
        histogram,
        piechart,
        stat,
        statetimeline,
        statushistory,
        table,
        text,
        timeseries,
        xychart,
    )
    from grafana_foundation_sdk.models import dashboard as model

Json = dict[str, Any]

INFLUXDB = "influxdb"

_OPTIONS: Mapping[Kind, Any] = {
    "timeseries": timeseries.Options,
    "stat": stat.Options,
    "gauge": gauge.Options,
    "bargauge": bargauge.Options,
    "table": table.Options,
    "state-timeline": statetimeline.Options,
    "status-history": statushistory.Options,
    "barchart": barchart.Options,
    "piechart": piechart.Options,
    "histogram": histogram.Options,
    "heatmap": heatmap.Options,
    "xychart": xychart.Options,
    "text": text.Options,
    "annolist": annotationslist.Options,
}
"""Options of each kind; those of canvas and alert list are told in full: the SDK's are not those of Grafana 13."""

_CUSTOM: Mapping[Kind, Any] = {
    "timeseries": timeseries.FieldConfig,
    "table": table.FieldConfig,
    "state-timeline": statetimeline.FieldConfig,
    "status-history": statushistory.FieldConfig,
    "barchart": barchart.FieldConfig,
    "histogram": histogram.FieldConfig,
    "xychart": xychart.FieldConfig,
}

_REMOVED: Mapping[Kind, tuple[str, ...]] = {"table": ("footer",)}
"""Options that the SDK still has and Grafana 13 has not."""


class InfluxQuery(Dataquery):
    """A question in InfluxQL, as Grafana's data source takes it; the SDK has none.

    Args:
        ref: name of the target in its panel.
        source: uid of the data source.
        query: the statement.
        form: ``time_series`` or ``table``.
        alias: name of each series.
        more: what else the target is told.
    """

    def __init__(
        self, *, ref: str, source: str, query: str, form: str, alias: str = "", more: Mapping[str, Any] | None = None
    ) -> None:
        self.ref, self.source, self.query, self.form, self.alias = ref, source, query, form, alias
        self.more = dict(more or {})

    def to_json(self) -> Json:
        """The target, as it stands in a panel."""
        told = {
            "refId": self.ref,
            "datasource": {"type": INFLUXDB, "uid": self.source},
            "rawQuery": True,
            "query": self.query,
            "resultFormat": self.form,
        }
        return {**told, **({"alias": self.alias} if self.alias else {}), **self.more}


def plain(value: object) -> Any:
    """A model as plain data."""
    return json.loads(json.dumps(value, cls=JSONEncoder))


def encoded(value: object) -> str:
    """A model as text: two builds of the same give the same bytes."""
    return json.dumps(plain(value), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def options(kind: Kind) -> Json:
    """What a panel of a kind is told unless it says otherwise."""
    found: Json = plain(_OPTIONS[kind]()) if kind in _OPTIONS else {}
    return {name: value for name, value in found.items() if name not in _REMOVED.get(kind, ())}


def custom(kind: Kind) -> Json:
    """How fields of a kind are drawn unless it says otherwise."""
    return plain(_CUSTOM[kind]()) if kind in _CUSTOM else {}


def source(uid: str) -> common.DataSourceRef:
    """A data source by its uid."""
    return common.DataSourceRef(type_val=INFLUXDB, uid=uid)


def panel(
    *,
    number: int,
    kind: Kind,
    title: str,
    description: str,
    targets: list[InfluxQuery],
    source_uid: str | None,
    grid: tuple[int, int, int, int],
    transformations: list[Json],
    interval: str | None,
    panel_options: Json,
    defaults: Json,
    overrides: list[Json],
) -> model.Panel:
    """A panel; a grid is x, y, width and height."""
    x, y, w, h = grid
    return model.Panel(
        type_val=kind,
        id_val=number,
        title=title,
        description=description,
        targets=list(targets) or None,
        datasource=source(source_uid) if source_uid else None,
        grid_pos=model.GridPos(x=x, y=y, w=w, h=h),
        transformations=[
            model.DataTransformerConfig(id_val=each["id"], options=each["options"]) for each in transformations
        ]
        or None,
        interval=interval,
        options=panel_options,
        field_config=model.FieldConfigSource(
            defaults=_field_config(defaults),
            overrides=[
                model.DashboardFieldConfigSourceOverrides(
                    matcher=model.MatcherConfig(id_val=each["matcher"]["id"], options=each["matcher"]["options"]),
                    properties=[
                        model.DynamicConfigValue(id_val=name, value=value) for name, value in each["properties"].items()
                    ],
                )
                for each in overrides
            ],
        ),
    )  # fmt: skip


def _field_config(told: Json) -> model.FieldConfig:
    steps = [model.Threshold(value=value, color=colour) for value, colour in told.get("thresholds", ())]
    mode = told.get("color")
    return model.FieldConfig(
        unit=told.get("unit"),
        decimals=told.get("decimals"),
        min_val=told.get("min"),
        max_val=told.get("max"),
        no_value=told.get("noValue"),
        mappings=_mappings(told),
        thresholds=model.ThresholdsConfig(mode=model.ThresholdsMode.ABSOLUTE, steps=steps) if steps else None,
        color=None if mode is None else model.FieldColor(mode=model.FieldColorModeId(mode["mode"]),
                                                         fixed_color=mode.get("fixedColor")),
        links=[link(**each) for each in told.get("links", ())] or None,
        custom=told.get("custom") or None,
    )  # fmt: skip


def _mappings(told: Json) -> list[model.ValueMap | model.RangeMap | model.RegexMap | model.SpecialValueMap]:
    """Words for numbers, and for what is empty or not there."""
    empty = (model.SpecialValueMatch.EMPTY, model.SpecialValueMatch.NULL) if "nothing" in told else ()
    return [
        *(
            model.ValueMap(options={value: model.ValueMappingResult(**shown) for value, shown in mapping.items()})
            for mapping in told.get("mappings", ())
        ),
        *(
            model.SpecialValueMap(
                options=model.DashboardSpecialValueMapOptions(
                    match=match, result=model.ValueMappingResult(text=told["nothing"], index=place)
                )
            )
            for place, match in enumerate(empty)
        ),
    ]


def link(*, title: str, url: str) -> Any:
    """A link of a field, in the form of a panel's JSON."""
    return {"title": title, "url": url, "targetBlank": False}


def row(*, number: int, title: str, y: int, panels: list[model.Panel] | None) -> model.RowPanel:
    """A heading; with panels it is collapsed and holds them."""
    return model.RowPanel(
        collapsed=panels is not None,
        title=title,
        grid_pos=model.GridPos(x=0, y=y, w=24, h=1),
        id_val=number,
        panels=panels or [],
    )


def variable(
    *,
    name: str,
    label: str,
    query: str,
    only: str | None,
    source_uid: str,
    multi: bool,
    current: str | list[str] | None,
    described: str,
    sort: bool,
) -> model.VariableModel:
    """A variable whose values come from a query, those that fit a pattern; with several of them `.*` is all."""
    return model.VariableModel(
        type_val=model.VariableType.QUERY,
        name=name,
        label=label,
        description=described,
        query=query,
        regex=only,
        datasource=source(source_uid),
        current=None if current is None else model.VariableOption(selected=False, text=_shown(current), value=current),
        multi=multi,
        include_all=multi,
        all_value=".*" if multi else None,
        refresh=model.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=model.VariableSort.NATURAL_ASC if sort else model.VariableSort.DISABLED,
        allow_custom_value=False,
    )


def _shown(chosen: str | list[str]) -> str | list[str]:
    """How Grafana writes what is chosen."""
    return ["All"] if chosen == ["$__all"] else chosen


def annotation(*, name: str, target: InfluxQuery, colour: str) -> model.AnnotationQuery:
    """Marks in all curves of a dashboard."""
    return model.AnnotationQuery(
        name=name, datasource=source(target.source), enable=True, hide=False, icon_color=colour, target=target
    )


def dashboard(
    *,
    uid: str,
    title: str,
    description: str,
    tags: list[str],
    window: str,
    refresh: str,
    panels: list[model.Panel | model.RowPanel],
    variables: list[model.VariableModel],
    annotations: list[model.AnnotationQuery],
) -> Json:
    """A dashboard in Grafana's classic JSON."""
    bar = model.DashboardLink(
        title="Boards",
        type_val=model.DashboardLinkType.DASHBOARDS,
        icon="external link",
        tags=["shopfloor"],
        as_dropdown=False,
        include_vars=True,
        keep_time=True,
    )
    built: Json = plain(
        model.Dashboard(
            uid=uid,
            title=title,
            description=description,
            tags=tags,
            timezone="browser",
            editable=True,
            graph_tooltip=model.DashboardCursorSync.CROSSHAIR,
            time=model.DashboardDashboardTime(from_val=window, to="now"),
            refresh=refresh,
            panels=panels,
            templating=model.DashboardDashboardTemplating(list_val=variables),
            annotations=model.AnnotationContainer(list_val=annotations),
            links=[bar],
        )
    )
    return _without_strays({**built, "id": None})


def _without_strays(tree: Json) -> Json:
    """What the SDK says though nobody asked: links and marks in a menu, and keys of other kinds of variables."""
    for each in (*tree["links"], *tree["annotations"]["list"]):
        each.pop("placement", None)
    for each in tree["templating"]["list"]:
        for name in ("auto", "auto_count", "auto_min"):
            each.pop(name, None)
    for each in tree["panels"]:
        for one in (each, *each.get("panels", ())):
            one.pop("repeatDirection", None)
    return tree
