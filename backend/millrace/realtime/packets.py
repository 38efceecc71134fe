"""Socket.IO's packets as we speak them: JSON by orjson, and no binary parts, which no message of ours has."""

from typing import Any

import orjson
from socketio.packet import EVENT, Packet


class Json:
    """What Socket.IO asks of a JSON library. Its own options are of no use to orjson."""

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        """`value` as text."""
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_options: Any) -> Any:
        """The value that `text` holds."""
        return orjson.loads(text)


class JsonPacket(Packet):
    """A packet of JSON. What a client sends in another form is dropped."""

    uses_binary_events = False
    json = Json

    def decode(self, encoded_packet: str) -> int:
        """Read a packet.

        Raises:
            ValueError: It announces binary parts, or an event has no name.
        """
        attachment_count: int = super().decode(encoded_packet)
        if attachment_count:
            raise ValueError("binary parts aren't spoken here")
        if self.packet_type == EVENT and not (
            isinstance(self.data, list) and self.data and isinstance(self.data[0], str)
        ):
            raise ValueError("an event is a list that begins with its name")
        return 0
