"""Which symbols of ``expect: free`` cannot have another size in a model that was built once."""

from __future__ import annotations

from dataclasses import replace

from tdinspect.domain.spec import ModelSpec
from tdinspect.running.assemble import Assembly, assemble_again
from tdinspect.running.ranges import runs_at


def stuck_symbols(spec: ModelSpec, assembly: Assembly) -> dict[str, str]:
    """Those of ``free`` at whose other sizes the layers, as they were built, do not run, with the reason.

    A symbol is free where the model runs at one other size of it (a U-Net takes multiples of 16 only), with the same
    parameters. Most models run with all of them changed at once, as their layers say one by one; only where one does
    not, the model is walked again for each.
    """
    wanted = spec.expect.free if spec.expect is not None else ()
    sized = {symbol: _sized_by(symbol, assembly) for symbol in wanted}
    found = {symbol: f"the sizes of {name} follow it" for symbol, name in sized.items() if name is not None}
    others = {symbol: 2 * assembly.world.sizes[symbol] for symbol in wanted if symbol not in found}
    if others and runs_at(assembly, others):
        return found
    reasons = {symbol: _reason(symbol, spec, assembly) for symbol in others}
    return {**found, **{symbol: reason for symbol, reason in reasons.items() if reason is not None}}


def _sized_by(symbol: str, assembly: Assembly) -> str | None:
    """The first layer whose inferred sizes follow the symbol."""
    return next((record.name for record in assembly.trace.layers if symbol in record.depends_on), None)


def _reason(symbol: str, spec: ModelSpec, assembly: Assembly) -> str | None:
    own = assembly.world.sizes[symbol]
    reasons = []
    for size in (2 * own, own + 1, 4 * own):
        reason = _fails(symbol, size, spec, assembly)
        if reason is None:
            return None
        reasons.append(reason)
    return reasons[0]


def _fails(symbol: str, size: int, spec: ModelSpec, assembly: Assembly) -> str | None:
    """Why the model does not run at this size; None where it does."""
    world = replace(assembly.world, sizes={**assembly.world.sizes, symbol: size})
    again = assemble_again(spec, replace(assembly, world=world))
    failed = next((record for record in again.trace.layers if record.failure is not None), None)
    if failed is not None and failed.failure is not None:
        return f"at {symbol}={size}, {failed.name} raises {failed.failure.error}"
    return None if again.model is not None else f"at {symbol}={size} the model does not run"
