"""NMC622, LiNi0.6Mn0.2Co0.2O2."""

from __future__ import annotations

from .curve import TableCurve
from .quantity import Quantity
from .types import ActiveMaterial

_KREMER = (
    "L. S. Kremer et al., Energy Technol. 8 (2020) 1900167 (NMC622), identified from the file name of the table in "
    "the open solver 4C, Kremer_2019_OCP_NMC622.csv"
)

# Every fourth published point, all of them near full lithiation. The published spline rises by 5 mV between
# x = 0.886 and 0.951 (a fitting artefact; it would be thermodynamically unstable): the points at 0.900 and
# 0.950 replace that stretch by a gentle decrease that stays within 5 mV of it.
_POTENTIAL = (
    (0.300000, 4.476199),
    (0.328283, 4.396448),
    (0.356566, 4.321343),
    (0.384848, 4.250839),
    (0.413131, 4.184872),
    (0.441414, 4.123361),
    (0.469697, 4.066222),
    (0.497980, 4.013366),
    (0.526263, 3.964704),
    (0.554545, 3.920148),
    (0.582828, 3.879611),
    (0.611111, 3.843009),
    (0.639394, 3.810262),
    (0.667677, 3.781289),
    (0.695960, 3.756016),
    (0.724242, 3.734370),
    (0.752525, 3.716280),
    (0.780808, 3.701680),
    (0.809091, 3.690505),
    (0.837374, 3.682692),
    (0.900000, 3.679000),
    (0.950000, 3.677500),
    (0.964646, 3.674224),
    (0.971717, 3.656858),
    (0.978788, 3.611278),
    (0.985859, 3.496100),
    (0.992929, 3.209662),
    (1.000000, 2.502205),
)

NMC622 = ActiveMaterial(
    name="NMC622",
    density=Quantity(
        4700.0,
        "kg/m3",
        "assumed with the recipe of M. Alabdali et al., wet manufacturing model (NMC622)",
        "dense secondary particles; crystal 4.75-4.80 g/cm3",
    ),
    electronic_conductivity=Quantity(
        0.005,
        "S/m",
        "M. Alabdali et al., Three-Dimensional Physical Modeling of the Wet Manufacturing Process of "
        "Solid-State Battery Electrodes; same value in their slurry study (NMC811)",
        "one value for all states of charge; measured ones span 1e-5 to 1 S/m from x = 1 to 0.25 "
        "(NMC523: R. Amin and Y.-M. Chiang, J. Electrochem. Soc. 163 (2016) A1512)",
    ),
    diffusivity=Quantity(
        1.0e-14,
        "m2/s",
        "substitute NMC532: S. Xu et al., J. Electrochem. Soc. 166 (2019) A3456, as in PyBaMM Xu2019",
        "one value for all x, 298 K; GITT of NMC532 on discharge spans 1.9e-15 to 3.9e-13 m2/s "
        "(S. Yang et al., Electrochim. Acta 66 (2012) 88)",
    ),
    maximum_concentration=Quantity(
        51900.0,
        "mol/m3",
        "NMC622 of the solid-state half cell of the open solver 4C (ssi_mono_battery), with the "
        "potential table of L. S. Kremer et al.",
        "scale of x in the potential curve; 175 mAh/g from 4.2 to 2.8 V with 4.70 g/cm3",
    ),
    open_circuit_potential=TableCurve(
        x=tuple(point[0] for point in _POTENTIAL),
        y=tuple(point[1] for point in _POTENTIAL),
        unit="V vs Li",
        source=_KREMER,
        valid="298 K; published for 0.3 <= x <= 1; made strictly decreasing within 5 mV for 0.84 < x < 0.965",
    ),
    exchange_current=Quantity(
        1.121e-9,
        "m/s",
        "substitute NMC811 in liquid electrolyte: C.-H. Chen et al., J. Electrochem. Soc. 167 (2020) "
        "080534, 3.42e-6 A/m2 (m3/mol)^1.5 at 1000 mol/m3 salt, divided by the Faraday constant",
        "298 K; 2.8 A/m2 at x = 0.5; the contact with Li6PS5Cl is not published in this form",
    ),
    stoichiometry_charged=Quantity(0.4064, "-", "x at U = 4.20 V of the potential curve", "upper cut-off 4.2 V vs Li"),
    stoichiometry_discharged=Quantity(
        0.9976, "-", "x at U = 2.80 V of the potential curve", "lower cut-off 2.8 V vs Li"
    ),
    transfer_coefficient_anodic=Quantity(
        0.5, "-", "C.-H. Chen et al., J. Electrochem. Soc. 167 (2020) 080534", "assumed"
    ),
    substitutes=(
        "diffusivity: NMC532 (Xu 2019)",
        "exchange_current: NMC811 in liquid electrolyte (Chen 2020)",
        "transfer_coefficient_anodic: NMC811 (Chen 2020)",
        "exchange_current_activation_energy: NMC811 in liquid electrolyte (Chen 2020)",
    ),
    exchange_current_activation_energy=Quantity(
        17800.0,
        "J/mol",
        "substitute NMC811 in liquid electrolyte: C.-H. Chen et al., J. Electrochem. Soc. 167 (2020) 080534",
        "around 298 K",
    ),
)
