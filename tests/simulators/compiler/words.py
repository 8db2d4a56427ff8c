"""Functions that use each word of the kernel's language; what they give is compared with what Python gives."""

import math

from simulators.compiler.language import (
    Record,
    Row,
    drop,
    memory_full,
    new_row,
    shift_right,
    wrap_add,
    wrap_mul,
)

LIMIT = 7
HALF = 0.5


class Node(Record):
    value: int = 3
    weight: float = 0.25
    seen: bool = True
    next: "Node | None" = None


class Box(Record):
    """What a function is given, and where it leaves what it found."""

    a: int = 0
    b: int = 0
    x: float = 0.0
    y: float = 0.0
    whole: int = 0
    real: float = 0.0
    truth: bool = False
    row: Row[int]
    reals: Row[float]
    truths: Row[bool]
    table: Row[Row[int]]
    other: "Box | None" = None
    node: Node | None = None

    @property
    def sum(self) -> int:
        return self.a + self.b

    def less(self, than: int, or_equal: bool = False) -> bool:  # noqa: FBT001, FBT002
        return self.a < than or (or_equal and self.a == than)


def whole(box: Box) -> int:
    a = box.a
    b = box.b
    found = a + b - 3 * a
    found ^= (a & b) | (a << 3) | (b >> 2)
    found += abs(a) + min(a, b, 5) - max(a, b)
    found += ~a - -b
    return found


def divided(box: Box) -> int:
    q = box.a // box.b
    r = box.a % box.b
    return q * 1000003 + r + box.a // 7 - box.a % 7 + box.a // 8 * 3 + box.a % 8


def real(box: Box) -> int:
    x = box.x
    y = box.y
    box.real = x + y * x - y / (1.0 + abs(x)) + min(x, y) * max(x, y) + HALF * 2
    box.whole = round(x) + int(y) + math.floor(x)
    return round(y * 1.0 + box.a / LIMIT)


def mathematics(box: Box) -> int:
    x = abs(box.x) + 1e-9
    box.real = math.log(x) + math.cos(box.y) * math.sin(box.y) + math.sqrt(x) + math.exp(-x) + math.log1p(x) + x**HALF
    return 0


def compared(box: Box) -> int:
    found = 0
    if 0 < box.a < 10 and not box.b >= 4:
        found += 1
    if box.x != box.y or box.x <= box.y <= 2.0:
        found += 2
    elif box.truth == (box.a == box.b):
        found += 4
    box.truth = (box.a > box.b and box.x > 0) or box.b == 3
    found += 8 if box.truth else 16
    found += 32 if box.less(3) and not box.less(box.b, or_equal=True) else 0
    return found + box.sum


def loops(box: Box) -> int:
    total = 0
    for value in box.row:
        if value == 3:
            continue
        if value > 90:
            break
        total = total * 31 + value
    for i in range(len(box.row) - 1, -1, -1):
        total += i * box.row[i]
    for inner in box.table:
        for value in inner:
            total ^= value
    n = box.a
    while True:
        n -= 1
        if n < 0:
            return total
        total += n * n


def words_of_64_bits(box: Box) -> int:
    word = wrap_mul(box.a, 0x9E3779B97F4A7C15)
    word = wrap_add(word, box.b)
    return shift_right(word ^ shift_right(word, 31), 12)


def records(box: Box) -> int:
    first: Node | None = None
    last = box.node
    for i in range(box.a):
        node = Node()
        node.value += i
        node.next = first
        first = node
        last = node if last is None else last
    total = 0
    while first is not None:
        total = total * 3 + first.value + (1 if first.seen else 0)
        behind = first.next
        drop(first)
        again = Node()
        total += again.value + (5 if again.next is None else 7)
        first = behind
    other = box.other
    if other is not None and other.other is box:
        total += 1000
    if last is not None:
        total += last.value
    return total


def rows(box: Box) -> int:
    made: Row[int] = new_row(box.a, 4)
    made[box.a - 1] = 9
    made[0] += 2
    box.row = made
    box.reals = new_row(3, 0.5)
    box.reals[1] *= 3
    box.truths = new_row(2, False)
    box.truths[1] = True
    several: Row[Node | None] = new_row(2, None)
    several[1] = Node()
    found = several[1]
    box.table[0] = made
    return len(made) + made[0] + (0 if found is None else found.value) + (1 if box.truths[1] else 0)


def even(n: int) -> bool:
    return True if n == 0 else odd(n - 1)


def odd(n: int) -> bool:
    return False if n == 0 else even(n - 1)


def circles(box: Box) -> int:
    return (1 if even(box.a) else 0) + (2 if odd(box.b) else 0)


def fills(box: Box) -> int:
    made = 0
    while not memory_full():
        box.node = Node()
        made += 1
    return made


ALL = [whole, divided, real, mathematics, compared, loops, words_of_64_bits, records, rows, circles]
