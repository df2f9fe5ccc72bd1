"""NMC811, LiNi0.8Mn0.1Co0.1O2."""

from __future__ import annotations

from .curve import TableCurve
from .quantity import Quantity
from .types import ActiveMaterial

_STURM = "J. Sturm et al., J. Power Sources 412 (2019) 204 (NMC811 of the LG INR18650-MJ1)"
_ZHUO = "M. Zhuo, G. Offer, M. Marinescu, J. Power Sources 556 (2023) 232461"

# A selection of the published points: every 0.03 in x, closer where the curve bends.
_POTENTIAL = (
    (0.215685, 4.299909),
    (0.225685, 4.267354),
    (0.235685, 4.241753),
    (0.245685, 4.223006),
    (0.255685, 4.209522),
    (0.265685, 4.199877),
    (0.285685, 4.187154),
    (0.305685, 4.178249),
    (0.325685, 4.165775),
    (0.355685, 4.128462),
    (0.385685, 4.082888),
    (0.415685, 4.041553),
    (0.445685, 4.006952),
    (0.475685, 3.973908),
    (0.505685, 3.937469),
    (0.535685, 3.897679),
    (0.565685, 3.857620),
    (0.595685, 3.822110),
    (0.625685, 3.794315),
    (0.655685, 3.771788),
    (0.685685, 3.751739),
    (0.715685, 3.731741),
    (0.745685, 3.711008),
    (0.775685, 3.688946),
    (0.805685, 3.665102),
    (0.835685, 3.639283),
    (0.865685, 3.613924),
    (0.895685, 3.591494),
    (0.925685, 3.574116),
    (0.955685, 3.559247),
    (0.975685, 3.548016),
    (0.985685, 3.540879),
    (0.992685, 3.533295),
    (0.995000, 3.528113),
    (0.997000, 3.519015),
    (0.998000, 3.510180),
    (0.998500, 3.501785),
    (0.999000, 3.484231),
    (0.999300, 3.454466),
    (0.999500, 3.406766),
    (0.999700, 3.324340),
    (0.999850, 3.228175),
    (1.000000, 3.023636),
)

NMC811 = ActiveMaterial(
    name="NMC811",
    density=Quantity(
        4800.0, "kg/m3", f"maximum concentration times 97.28 g/mol; {_ZHUO}", "dense particles without inner pores"
    ),
    electronic_conductivity=Quantity(
        0.005,
        "S/m",
        "M. Alabdali et al., Experimental and Computational Analysis of Slurry-Based Manufacturing of "
        "Solid-State Battery Composite Cathode (NMC811)",
        "one value for all states of charge",
    ),
    diffusivity=Quantity(
        1.0e-14,
        "m2/s",
        "A. Ghosh et al., J. Electrochem. Soc. 168 (2021) 020509, as in PyBaMM Zhuo2023",
        "one value for all x, 298 K; C.-H. Chen et al. (2020) fitted 4e-15 m2/s",
    ),
    maximum_concentration=Quantity(49340.0, "mol/m3", f"{_ZHUO}", "scale of x in the potential curve"),
    open_circuit_potential=TableCurve(
        x=tuple(point[0] for point in _POTENTIAL),
        y=tuple(point[1] for point in _POTENTIAL),
        unit="V vs Li",
        source=f"{_STURM}, as tabulated in PyBaMM Zhuo2023",
        valid="298 K; published for 0.2157 <= x <= 1",
    ),
    exchange_current=Quantity(
        1.012e-9,
        "m/s",
        f"{_STURM}: 3.2e-11 m2.5/(mol0.5 s) at 1000 mol/m3 salt, as in PyBaMM Zhuo2023; substitute: liquid electrolyte",
        "298 K; 2.4 A/m2 at x = 0.5",
    ),
    stoichiometry_charged=Quantity(0.2657, "-", "x at U = 4.20 V of the potential curve", "upper cut-off 4.2 V vs Li"),
    stoichiometry_discharged=Quantity(
        0.9990, "-", "x where the potential curve falls off (3.48 V)", "lower cut-off at or below 3.4 V vs Li"
    ),
    transfer_coefficient_anodic=Quantity(0.5, "-", _STURM, "298 K"),
    substitutes=("exchange_current: NMC811 in liquid electrolyte (Sturm 2019)",),
)
