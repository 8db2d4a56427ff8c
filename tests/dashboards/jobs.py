"""A small shop in shifts, with orders and measurements."""

from plant.description import Plant
from plant.time import HOUR
from tests.dashboards.heard import START

__all__ = ["END", "JOBS", "SHOP", "START"]

END = START + 3 * HOUR
SHOP = "cutting/shop"
JOBS = Plant.model_validate(
    {
        "plant": "jobs",
        "telemetry": {"sample": "10 min", "block": "1 h"},
        "time_zone": "Asia/Kolkata",
        "shifts": [
            {"name": "early", "start": "05:30", "end": "07:00"},
            {"name": "late", "start": "07:00", "end": "22:00"},
        ],
        "products": [{"name": "axle"}, {"name": "shaft"}],
        "orders": [
            {
                "order": f"o{i}", "product": product, "quantity": 12,
                "release": f"{20 * i} min", "due": f"{25 * i + 15} min",
            }
            for i, product in enumerate(["axle", "shaft", "axle", "shaft", "axle", "axle"])
        ],
        "lines": [
            {
                "name": "shop",
                "area": "cutting",
                "arrivals": "orders",
                "stations": [
                    {
                        "name": "SAW", "machines": 2, "cycle_time": "normal(3 min, 20 s)",
                        "failures": [
                            {"mode": "blade", "time_to_failure": "exponential(25 min)", "time_to_repair": "4 min"},
                        ],
                    },
                    {
                        "name": "LATHE", "cycle_time": "normal(80 s, 10 s)", "buffer": 3,
                        "quality": {
                            "scrap": "10 %",
                            "characteristics": [
                                {
                                    "name": "bore", "nominal": "82.000 mm", "lower": "81.985 mm", "upper": "82.015 mm",
                                    "sigma": "0.009 mm",
                                },
                            ],
                        },
                    },
                ],
            },
            {"name": "wash", "stations": [{"name": "TUB", "cycle_time": "2 min"}]},
        ],
    }
)  # fmt: skip
