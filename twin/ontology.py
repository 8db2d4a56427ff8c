"""Classes of KPIs in the open ontology of ISO 22400-2 by hsu-aut, as far as their names were read there."""

NAMESPACE = "http://www.w3id.org/hsu-aut/ISO22400-2#"

CLASSES = {
    1: "WorkerEfficiency",
    2: "AllocationRatio",
    4: "AllocationEfficiency",
    8: "Availability",
    14: "ActualToPlannedScrapRatio",
    20: "CriticalMachineCapabilityIndex",
    22: "CriticalProcessCapabilityIndex",
    23: "ComprehensiveEnergyConsumption",
    34: "CorrectiveMaintenanceRatio",
}
"""By the number in the standard; a name that nobody has read is not guessed."""


def class_of(number: int | None) -> str | None:
    """Address of the class of a KPI of the standard; none if it is not known."""
    name = CLASSES.get(number) if number is not None else None
    return None if name is None else NAMESPACE + name
