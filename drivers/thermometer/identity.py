"""What a sensor's own memory says about it, and what does not fit the configuration. Pure.

    opcode     cell       content
    0x23       0x03       range of the die temperature: low byte lowest, high byte highest,
                          (T + 38.2) x 100 / 64
    0x24       0x04       emissivity x 65535; 0xFFFF as delivered
    0x25       0x05       bits 2-0 IIR, bit 6 two zones, bits 10-8 FIR; the rest is calibration
    0x2E       0x0E       low byte: address from the next power-up on
    0x3C-0x3F  0x1C-0x1F  serial number, lowest word first

Source: MLX90614 family data sheet rev 13.
"""

from dataclasses import dataclass

from drivers.thermometer import protocol
from drivers.thermometer.protocol import Filter, Variant


@dataclass(frozen=True, slots=True)
class Identity:
    """The 32 words of the EEPROM, as read; none was written. cells: lowest opcode first."""

    address: int
    cells: tuple[int, ...]

    def cell(self, opcode: int) -> int:
        """Return the word that this opcode reads."""
        return self.cells[opcode - protocol.CELLS[0]]

    @property
    def serial(self) -> str:
        """The serial number, 16 hex digits."""
        low, second, third, high = (self.cell(opcode) for opcode in protocol.CELLS_SERIAL)
        return protocol.serial_text((low, second, third, high))

    @property
    def filters(self) -> Filter:
        """The filters the sensor runs with."""
        return protocol.filter_of(self.cell(protocol.CELL_CONFIGURATION))

    def dump(self) -> str:
        """Return the 32 words as hex: what a person needs who has to restore a cell."""
        return " ".join(f"{word:04x}" for word in self.cells)

    def text(self, letters: str) -> str:
        """Return one line for a person. letters: of the variant, which no cell tells."""
        low_mc, high_mc = protocol.ambient_range_mc(self.cell(protocol.CELL_AMBIENT_RANGE))
        return (
            f"MLX90614 {letters} at 0x{self.address:02x}, serial {self.serial}, configuration "
            f"0x{self.cell(protocol.CELL_CONFIGURATION):04x} ({self.filters}), "
            f"die range {low_mc / 1000:.1f} to {high_mc / 1000:.1f} °C"
        )

    def concerns(self, variant: Variant) -> tuple[str, ...]:
        """Return what does not fit, each as `what; remedy`. variant: as configured."""
        found = []
        emissivity = self.cell(protocol.CELL_EMISSIVITY)
        if emissivity != protocol.EMISSIVITY_FACTORY:
            found.append(
                f"emissivity cell is 0x{emissivity:04x}, expected 0xffff: readings are wrong; "
                "replace the sensor"
            )
        if self.filters != variant.filters:
            fitting = ", ".join(
                letters
                for letters, one in sorted(protocol.VARIANTS.items())
                if one.filters == self.filters and one.three_volt == variant.three_volt
            )
            sold = f"{fitting} are sold with it" if fitting else "no variant is sold with it"
            found.append(
                f"the sensor filters with {self.filters}, the configuration says "
                f"{variant.letters} with {variant.filters} ({sold}); correct [thermometer] "
                "variant, or iir_percent and fir"
            )
        two_zones = bool(self.cell(protocol.CELL_CONFIGURATION) & protocol.TWO_ZONES)
        if two_zones != variant.two_zones:
            sees = "two zones" if two_zones else "one zone"
            found.append(
                f"the sensor sees {sees}, which {variant.letters} does not; correct "
                "[thermometer] variant"
            )
        kept = self.cell(protocol.CELL_ADDRESS) & 0xFF
        if kept != self.address:
            found.append(
                f"the sensor will answer at 0x{kept:02x} after its next power-up; correct "
                "[thermometer] address then"
            )
        return tuple(found)
