"""edwards25519 in schoolbook arithmetic (RFC 8032, 5.1): slow, plain, and shared with nothing of ours."""

from __future__ import annotations

__all__ = ["NEUTRAL", "Point", "encodings_of", "small_order_points", "times"]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def add(left: Point, right: Point) -> Point:
    (x1, y1), (x2, y2) = left, right
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P)
    return x % P, y % P


def times(count: int, point: Point) -> Point:
    result = NEUTRAL
    for bit in bin(count)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def point_of(y: int) -> Point | None:
    """The point of this y whose x is even, if there is one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_MINUS_1 % P
    if x * x % P != square:
        return None
    return (x if x % 2 == 0 else P - x), y


def small_order_points() -> set[Point]:
    """The eight multiples of a point of order 8: what is left of a point when the large factor is taken out."""
    candidates = (times(ORDER, point) for point in map(point_of, range(2, 100)) if point is not None)
    generator = next(point for point in candidates if times(4, point) != NEUTRAL)
    return {times(count, generator) for count in range(8)}


def encodings_of(point: Point) -> set[bytes]:
    """All 32 bytes that a forgiving decoder takes for this point: y not reduced, and both signs where x is 0."""
    x, y = point
    signs = {x % 2} if x else {0, 1}
    return {(value | sign << 255).to_bytes(32, "little") for value in (y, y + P) if value < 2**255 for sign in signs}
