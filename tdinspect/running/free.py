"""Which symbols of ``expect: free`` cannot have another size in a model that was built once."""

from __future__ import annotations

from dataclasses import replace

from tdinspect.domain.spec import ModelSpec
from tdinspect.running.assemble import Assembly, assemble_again


def stuck_symbols(spec: ModelSpec, assembly: Assembly) -> dict[str, str]:
    """Those of ``free`` at whose other sizes the layers, as they were built, do not run, with the reason.

    A symbol is free where the model runs at one other size of it (a U-Net takes multiples of 16 only), with the same
    parameters.
    """
    wanted = spec.expect.free if spec.expect is not None else ()
    found = {symbol: _reason(symbol, spec, assembly) for symbol in wanted}
    return {symbol: reason for symbol, reason in found.items() if reason is not None}


def _reason(symbol: str, spec: ModelSpec, assembly: Assembly) -> str | None:
    sized = next((record for record in assembly.trace.layers if symbol in record.depends_on), None)
    if sized is not None:
        return f"the sizes of {sized.name} follow it"
    own = assembly.world.sizes[symbol]
    reason = None
    for size in (2 * own, own + 1, 4 * own):
        world = replace(assembly.world, sizes={**assembly.world.sizes, symbol: size})
        again = assemble_again(spec, replace(assembly, world=world))
        failed = next((record for record in again.trace.layers if record.failure is not None), None)
        if failed is None and again.model is not None:
            return None
        if failed is not None and failed.failure is not None and reason is None:
            reason = f"at {symbol}={size}, {failed.name} raises {failed.failure.error}"
    return reason or f"at {symbol}={2 * own} the model does not run"
