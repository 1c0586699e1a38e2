"""Where conversations are kept: one row a conversation, in SQLite or PostgreSQL."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Iterable, Optional, Text, Tuple

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import (
    DialogueStateTracker,
    get_trackers_for_conversation_sessions,
)

_metadata = sa.MetaData()
_conversations = sa.Table(
    "rasa_conversations",
    _metadata,
    sa.Column("sender_id", sa.String(255), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("tracker", sa.Text, nullable=False),
)
_SAVE = sa.text(
    "INSERT INTO rasa_conversations (sender_id, version, tracker) VALUES (:sender, 1, :tracker) "
    "ON CONFLICT (sender_id) DO UPDATE SET tracker = excluded.tracker, "
    "version = rasa_conversations.version + 1 RETURNING version"
)
_KEPT_TRACKERS = 512


class ConversationStore(TrackerStore, SerializedTrackerAsText):
    """Keep the current session of each conversation as one row.

    Rasa's own SQL store writes a row an event and reads all of them back at every turn. Here a
    turn costs one small read and one write; a tracker that this process saved last is reused,
    and the version of the row tells whether it still is the last. Deleting the row forgets the
    conversation.
    """

    def __init__(
        self,
        domain: Optional[Domain] = None,
        host: Text = "sqlite://",
        event_broker: Optional[EventBroker] = None,
        **kwargs: Any,
    ) -> None:
        """Open the database at `host`, a SQLAlchemy address, and make the table if need be."""
        super().__init__(domain, event_broker)
        # A pool for SQLite too: closing the last connection of a WAL file costs a checkpoint.
        self._engine = sa.create_engine(host, poolclass=sa.pool.QueuePool)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
        _metadata.create_all(self._engine)
        self._kept: OrderedDict[Text, Tuple[int, DialogueStateTracker]] = OrderedDict()

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the tracker and keep it for the next turn."""
        await self.stream_events(tracker)
        sender = tracker.sender_id
        with self._engine.begin() as connection:
            version = connection.scalar(
                _SAVE, {"sender": sender, "tracker": self.serialise_tracker(tracker)}
            )
        self._kept[sender] = (version, tracker)
        while len(self._kept) > _KEPT_TRACKERS:
            self._kept.popitem(last=False)

    async def retrieve(self, sender_id: Text) -> Optional[DialogueStateTracker]:
        """Return the conversation's current session, None for a new conversation."""
        # Taken out while in use: a turn that fails half-way must not leave its traces here.
        version, tracker = self._kept.pop(sender_id, (None, None))
        row = _conversations.c
        with self._engine.connect() as connection:
            if version is not None:
                stored = connection.scalar(
                    sa.select(row.version).where(row.sender_id == sender_id)
                )
                if stored == version:
                    return tracker
            text = connection.scalar(sa.select(row.tracker).where(row.sender_id == sender_id))
        if text is None:
            return None
        stored_tracker = self.deserialise_tracker(sender_id, text)
        sessions = get_trackers_for_conversation_sessions(stored_tracker)
        return sessions[-1] if len(sessions) > 1 else stored_tracker

    async def retrieve_full_tracker(self, sender_id: Text) -> Optional[DialogueStateTracker]:
        """Return all that is kept, which is the current session."""
        return await self.retrieve(sender_id)

    async def keys(self) -> Iterable[Text]:
        """Return the ids of all conversations."""
        with self._engine.connect() as connection:
            return list(connection.scalars(sa.select(_conversations.c.sender_id)))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA busy_timeout=10000")
