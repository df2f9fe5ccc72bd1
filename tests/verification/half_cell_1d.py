"""Independent reference: planar half cell and sphere under constant flux, from numpy and scipy alone.

Li | electrolyte layer | dense slab of active material | collector, at constant current. The reaction sits
on the plane between electrolyte and slab, so every overpotential but diffusion has a closed form. Nothing
here is shared with the solver it checks, materials included.

Signs: the cell current is positive on discharge, when lithium enters the slab; the interface current i is
positive from active material into electrolyte, so i = -I on discharge.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp
from scipy.optimize import bisect, brentq
from scipy.special import erfc

FloatArray = npt.NDArray[np.float64]
Law = Callable[[FloatArray], FloatArray]
FARADAY = 96485.33212  # [C/mol]
GAS_CONSTANT = 8.314462618  # [J/(mol K)]
# Both series are exact; at this D t / L^2 each needs few terms.
_SERIES_SWITCH = 0.05


@dataclass(frozen=True)
class HalfCell1D:
    """Planar half cell at constant current; SI units."""

    current_density: float  # I, positive on discharge [A/m2]
    separator_thickness: float  # L_s [m]
    ionic_conductivity: float  # sigma_i [S/m]
    slab_thickness: float  # L_a [m]
    electronic_conductivity: float | Law  # sigma_e [S/m], a number or sigma_e(x)
    diffusivity: float | Law  # D [m2/s], a number or D(x)
    maximum_concentration: float  # c_max [mol/m3]
    initial_stoichiometry: float  # x at the start, uniform [-]
    open_circuit_potential: Law  # U(x) [V]
    exchange_current_density: Law  # i_0(x) [A/m2]
    transfer_coefficient_anodic: float = 0.5  # alpha_a; alpha_c = 1 - alpha_a
    film_resistance: float = 0.0  # on the active material [Ohm m2]
    counter_potential: float = 0.0  # U of the counter electrode [V]
    counter_exchange_current_density: float = math.inf  # [A/m2]; infinite: no overpotential
    counter_transfer_coefficient_anodic: float = 0.5
    counter_resistance: float = 0.0  # [Ohm m2]
    temperature: float = 298.15  # [K]
    stoichiometry_limits: tuple[float, float] = (0.0, 1.0)  # of the surface; the run ends there


@dataclass(frozen=True)
class SurfaceHistory:
    """Stoichiometry at the reacting surface against the charge passed per area."""

    stoichiometry: Callable[[FloatArray], FloatArray]  # charge [C/m2] -> x_s [-]
    final_charge: float  # where x_s reaches a limit [C/m2], with the sign of the current
    slab_resistance: Callable[[FloatArray], FloatArray] | None = None  # integral(dz/sigma_e(x)) [Ohm m2]


def exact_surface(cell: HalfCell1D) -> SurfaceHistory:
    """Return x_s of the exact solution for constant D.

    With j = I/F, tau = D t/L^2: for long times (eigenfunctions)
    c_s - c_0 = (j L/D) [tau + 1/3 - (2/pi^2) sum exp(-n^2 pi^2 tau)/n^2], for short times (images)
    c_s - c_0 = (2 j L/D) sqrt(tau) [ierfc(0) + 2 sum ierfc(m/sqrt(tau))].
    Reference: J. Crank, The Mathematics of Diffusion, 2nd ed. (1975), sections 4.3.2 and 4.3.5.

    Raises:
        ValueError: D is a function.
    """
    if callable(cell.diffusivity):
        raise ValueError("the exact solution holds for a constant diffusivity")
    diffusivity = cell.diffusivity
    scale = cell.current_density * cell.slab_thickness / (FARADAY * diffusivity * cell.maximum_concentration)

    def stoichiometry(charge: FloatArray) -> FloatArray:
        tau = np.asarray(diffusivity * _time(cell, charge) / cell.slab_thickness**2, dtype=np.float64)
        return np.asarray(cell.initial_stoichiometry + scale * slab_surface_rise(tau), dtype=np.float64)

    return SurfaceHistory(stoichiometry, _charge_to_limit(cell, stoichiometry))


def slab_surface_rise(tau: FloatArray) -> FloatArray:
    """Return (c_s - c_0) D/(j L) of a slab under constant flux at tau = D t/L^2, shape as tau."""
    tau = np.asarray(tau, dtype=np.float64)
    return np.where(tau < _SERIES_SWITCH, image_series(np.minimum(tau, 1.0)), eigenfunction_series(tau))


def eigenfunction_series(tau: FloatArray, terms: int = 60) -> FloatArray:
    """Return the long-time form of the surface rise; 60 terms suffice to 1e-16 for tau > 1e-3."""
    n = np.arange(1, terms + 1)
    decay = np.exp(-((n * np.pi) ** 2) * np.asarray(tau)[..., None]) / n**2
    return np.asarray(tau + 1.0 / 3.0 - 2.0 / np.pi**2 * decay.sum(axis=-1), dtype=np.float64)


def image_series(tau: FloatArray, terms: int = 12) -> FloatArray:
    """Return the short-time form of the surface rise; 12 images suffice to 1e-16 for tau < 1."""
    root = np.sqrt(np.asarray(tau, dtype=np.float64))
    m = np.arange(1, terms + 1)
    z = m / np.maximum(root, 1e-150)[..., None]
    images = np.exp(-(z**2)) / math.sqrt(np.pi) - z * erfc(z)
    return np.asarray(2.0 * root * (1.0 / math.sqrt(np.pi) + 2.0 * images.sum(axis=-1)), dtype=np.float64)


def numerical_surface(cell: HalfCell1D, order: int = 8, elements: int = 8, tolerance: float = 1e-11) -> SurfaceHistory:
    """Return x_s from spectral elements in space and the Radau IIA method in time; D may depend on x.

    Gauss-Lobatto elements, each half as thick as the next towards the reacting surface, make the lumped
    weak form conserve lithium exactly. Integrated over sqrt(t), in which the start is smooth.

    Args:
        cell: the half cell.
        order: polynomial degree of an element.
        elements: number of elements.
        tolerance: relative tolerance of the time integration (absolute: the same).
    """
    rates = _spectral_rates(cell, order, elements)
    low, high = cell.stoichiometry_limits
    charge_end = FARADAY * cell.maximum_concentration * cell.slab_thickness * abs(_room(cell))
    root_end = math.sqrt(charge_end / abs(cell.current_density))

    def right_side(root: float, x: FloatArray) -> FloatArray:
        return 2.0 * root * rates(x)

    def leaves(_: float, x: FloatArray) -> float:
        return float(min(x[0] - low, high - x[0]))

    leaves.terminal = True  # type: ignore[attr-defined]
    start = np.full(order * elements + 1, cell.initial_stoichiometry)
    solution = solve_ivp(
        right_side, (0.0, root_end), start, "Radau", dense_output=True, events=leaves, rtol=tolerance, atol=tolerance
    )
    if not solution.success:
        raise RuntimeError(f"reference integration failed: {solution.message}")

    def stoichiometry(charge: FloatArray) -> FloatArray:
        return np.asarray(solution.sol(np.sqrt(_time(cell, charge)))[0], dtype=np.float64)

    weights, law = _node_weights(cell, order, elements), cell.electronic_conductivity

    def slab_resistance(charge: FloatArray) -> FloatArray:
        profile = solution.sol(np.sqrt(np.atleast_1d(_time(cell, charge))))
        conductivity = law(profile) if callable(law) else np.full_like(profile, law)
        return np.asarray((weights @ (1.0 / conductivity)).reshape(np.shape(charge)), dtype=np.float64)

    return SurfaceHistory(stoichiometry, cell.current_density * float(solution.t[-1]) ** 2, slab_resistance)


def surface_history(cell: HalfCell1D) -> SurfaceHistory:
    """Return the exact history for constant D and sigma_e, the numerical one otherwise."""
    varying = callable(cell.diffusivity) or callable(cell.electronic_conductivity)
    return numerical_surface(cell) if varying else exact_surface(cell)


def voltage(cell: HalfCell1D, charge: npt.ArrayLike, surface: SurfaceHistory | None = None) -> FloatArray:
    """Return the cell voltage against the charge passed.

    V = U(x_s) + eta - U_c - eta_c - I (R_film + R_c + L_s/sigma_i + integral(dz/sigma_e)), with
    i_0 [exp(alpha_a F eta/RT) - exp(-alpha_c F eta/RT)] = -I on the slab and +I on the counter electrode.

    Args:
        cell: the half cell.
        charge: charge per area [C/m2], any shape, with the sign of the current.
        surface: history of the surface; computed if not given.

    Returns:
        Voltage [V], same shape as charge; minus infinity where i_0 vanishes on discharge.
    """
    history = surface or surface_history(cell)
    passed = np.asarray(charge, dtype=np.float64)
    slab = history.slab_resistance(passed) if history.slab_resistance is not None else None
    return voltage_at_surface(cell, history.stoichiometry(passed), cell.current_density, slab)


def voltage_at_surface(
    cell: HalfCell1D, x: FloatArray, current: float, slab_resistance: FloatArray | None = None
) -> FloatArray:
    """Return the cell voltage [V] of surface stoichiometries, any shape, at a current density [A/m2].

    Args:
        cell: the half cell.
        x: stoichiometries at the reacting surface.
        current: current density, positive on discharge [A/m2].
        slab_resistance: of the slab [Ohm m2], shape of x; not needed where sigma_e is a number.
    """
    if slab_resistance is None:
        if callable(cell.electronic_conductivity):
            raise ValueError("sigma_e(x) needs the profile of the slab")
        slab_resistance = np.asarray(cell.slab_thickness / cell.electronic_conductivity)
    ohmic = (
        cell.film_resistance
        + cell.counter_resistance
        + cell.separator_thickness / cell.ionic_conductivity
        + slab_resistance
    )
    reaction = overpotential(
        -current, cell.exchange_current_density(x), cell.transfer_coefficient_anodic, cell.temperature
    )
    counter = overpotential(
        current,
        np.asarray(cell.counter_exchange_current_density),
        cell.counter_transfer_coefficient_anodic,
        cell.temperature,
    )
    potential = cell.open_circuit_potential(x)
    return np.asarray(potential + reaction - cell.counter_potential - counter - current * ohmic, dtype=np.float64)


def overpotential(current: float, exchange: FloatArray, alpha_anodic: float, temperature: float) -> FloatArray:
    """Return eta of i_0 [exp(alpha_a f eta) - exp(-(1 - alpha_a) f eta)] = i, f = F/RT.

    Args:
        current: i [A/m2].
        exchange: i_0 [A/m2], any shape; zero gives an infinite eta of the sign of i.
        alpha_anodic: alpha_a, between 0 and 1.
        temperature: T [K].

    Returns:
        eta [V], shape of i_0.
    """
    thermal = GAS_CONSTANT * temperature / FARADAY
    flat = np.atleast_1d(np.asarray(exchange, dtype=np.float64))
    eta = np.array([_reduced_overpotential(current, value, alpha_anodic) for value in flat.ravel()])
    return thermal * eta.reshape(np.shape(exchange))


def capacity_to_cutoff(cell: HalfCell1D, cutoff_voltage: float, surface: SurfaceHistory | None = None) -> float:
    """Return the charge per area [C/m2] at which a discharge first reaches the cut-off voltage.

    Raises:
        ValueError: not a discharge, below the cut-off from the start, or never reached.
    """
    if cell.current_density <= 0.0:
        raise ValueError("capacity to cut-off is defined for a discharge (positive current)")
    history = surface or surface_history(cell)
    charge = np.linspace(0.0, history.final_charge, 801)
    below = np.flatnonzero(voltage(cell, charge, history) <= cutoff_voltage)
    if below.size == 0:
        raise ValueError(f"{cutoff_voltage} V is never reached")
    if below[0] == 0:
        raise ValueError(f"the voltage starts below {cutoff_voltage} V")

    def excess(value: float) -> float:
        return float(voltage(cell, value, history)) - cutoff_voltage

    return float(bisect(excess, charge[below[0] - 1], charge[below[0]], xtol=1e-12 * history.final_charge, rtol=1e-14))


def sphere_constant_flux(radius: float, diffusivity: float, flux: float, time: float, r: npt.ArrayLike) -> FloatArray:
    """Return the rise of concentration in a sphere under constant flux into its surface.

    c - c_0 = (j R/D) {3 tau + r^2/(2 R^2) - 3/10
              - 2 (R/r) sum sin(a_n r/R) exp(-a_n^2 tau)/(a_n^2 sin a_n)}, tau = D t/R^2, tan a_n = a_n.
    Reference: J. Crank, The Mathematics of Diffusion, 2nd ed. (1975), equation 6.45.

    Args:
        radius: R [m].
        diffusivity: D [m2/s].
        flux: j, positive into the sphere [mol/(m2 s)].
        time: t [s].
        r: distance from the centre [m], any shape.

    Returns:
        c - c_0 [mol/m3], shape of r.

    Raises:
        ValueError: D t/R^2 below 1e-7 (other than 0), where the series needs too many terms.
    """
    position = np.asarray(r, dtype=np.float64) / radius
    tau = diffusivity * time / radius**2
    if tau == 0.0:
        return np.zeros_like(position)
    if tau < 1e-7:
        raise ValueError(f"D t/R^2 = {tau:.3g}, expected 1e-7 or more")
    roots = sphere_eigenvalues(2 + math.ceil(math.sqrt(40.0 / tau) / math.pi))
    # sin(a r)/r with its limit a at the centre; sin(a) = a cos(a) at the roots avoids a small quotient.
    shape = roots * np.sinc(roots * position[..., None] / np.pi)
    sum_ = (shape * np.exp(-(roots**2) * tau) / (roots**3 * np.cos(roots))).sum(axis=-1)
    rise = 3.0 * tau + 0.5 * position**2 - 0.3 - 2.0 * sum_
    return np.asarray(flux * radius / diffusivity * rise, dtype=np.float64)


def sphere_eigenvalues(count: int) -> FloatArray:
    """Return the first positive roots of tan a = a, shape (count,), to rounding."""
    roots = np.pi * (np.arange(1, count + 1) + 0.5)
    for _ in range(20):
        roots = np.pi * np.arange(1, count + 1) + np.arctan(roots)
    return np.asarray(roots, dtype=np.float64)


def _time(cell: HalfCell1D, charge: FloatArray) -> FloatArray:
    time = np.asarray(charge, dtype=np.float64) / cell.current_density
    if (time < 0.0).any():
        raise ValueError("charge must have the sign of the current")
    return np.asarray(time, dtype=np.float64)


def _room(cell: HalfCell1D) -> float:
    """Return the change of stoichiometry from the start to the limit that the current approaches."""
    low, high = cell.stoichiometry_limits
    return (high if cell.current_density > 0.0 else low) - cell.initial_stoichiometry


def _charge_to_limit(cell: HalfCell1D, stoichiometry: Callable[[FloatArray], FloatArray]) -> float:
    # When the mean composition is at the limit, the surface is at or beyond it.
    far = FARADAY * cell.maximum_concentration * cell.slab_thickness * _room(cell)
    limit = cell.initial_stoichiometry + _room(cell)
    return float(
        brentq(lambda q: float(stoichiometry(np.asarray(q))) - limit, 0.0, far, xtol=1e-14 * abs(far), rtol=1e-14)
    )


def _reduced_overpotential(current: float, exchange: float, alpha: float) -> float:
    """Return F eta/RT of one point."""
    if current == 0.0 or math.isinf(exchange):
        return 0.0
    if exchange <= 0.0:
        return math.copysign(math.inf, current)
    ratio = current / exchange
    # exp(alpha y) = r + exp(-(1 - alpha) y) <= r + 1 for r > 0, and mirrored for r < 0, bounds the root.
    bound = math.log1p(ratio) / alpha if ratio > 0.0 else -math.log1p(-ratio) / (1.0 - alpha)

    def residual(y: float) -> float:
        return math.exp(alpha * y) - math.exp(-(1.0 - alpha) * y) - ratio

    return float(brentq(residual, 0.0, 1.0000001 * bound, xtol=1e-15, rtol=1e-14))


def _spectral_rates(cell: HalfCell1D, order: int, elements: int) -> Law:
    """Return dx/dt of the lumped weak form at the Gauss-Lobatto points, surface first."""
    nodes, weights, derivative = _gauss_lobatto(order)
    thickness, index = _elements(cell, order, elements)
    mass = _node_weights(cell, order, elements)
    inflow = cell.current_density / (FARADAY * cell.maximum_concentration)
    law = cell.diffusivity

    def rates(x: FloatArray) -> FloatArray:
        local = x[index]
        diffusivity = law(local) if callable(law) else law
        flux = weights * diffusivity * (local @ derivative.T) * 2.0 / thickness[:, None]
        change = np.zeros_like(x)
        np.add.at(change, index, -flux @ derivative)
        change[0] += inflow
        return np.asarray(change / mass, dtype=np.float64)

    assert nodes[0] == -1.0
    return rates


def _elements(cell: HalfCell1D, order: int, elements: int) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return the thickness of each element [m] and its points."""
    thickness = 2.0 ** np.arange(elements)
    thickness *= cell.slab_thickness / thickness.sum()
    return thickness, order * np.arange(elements)[:, None] + np.arange(order + 1)


def _node_weights(cell: HalfCell1D, order: int, elements: int) -> FloatArray:
    """Return the weights of an integral over the slab by its values at the points [m]."""
    thickness, index = _elements(cell, order, elements)
    weights = np.zeros(order * elements + 1)
    np.add.at(weights, index, _gauss_lobatto(order)[1] * thickness[:, None] / 2.0)
    return weights


def _gauss_lobatto(order: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return points on [-1, 1], weights and differentiation matrix of degree ``order``."""
    legendre = np.polynomial.legendre.Legendre.basis(order)
    nodes = np.concatenate(([-1.0], np.sort(np.real(legendre.deriv().roots())), [1.0]))
    at_nodes = legendre(nodes)
    weights = 2.0 / (order * (order + 1) * at_nodes**2)
    difference = nodes[:, None] - nodes[None, :] + np.eye(order + 1)
    derivative = at_nodes[:, None] / at_nodes[None, :] / difference
    np.fill_diagonal(derivative, 0.0)
    derivative[0, 0] = -order * (order + 1) / 4.0
    derivative[-1, -1] = order * (order + 1) / 4.0
    return nodes, weights, derivative
