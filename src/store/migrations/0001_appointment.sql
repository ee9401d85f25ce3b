-- One row per booked appointment. A key books once; a slot holds one appointment.
CREATE TABLE appointment (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant_id    INTEGER NOT NULL DEFAULT 1,
	booking_key  TEXT NOT NULL,
	confirmation TEXT GENERATED ALWAYS AS ('CW-' || (1000 + id)) VIRTUAL,
	call_id      TEXT NOT NULL,
	name         TEXT NOT NULL,
	phone        TEXT NOT NULL,
	address      TEXT NOT NULL,
	issue        TEXT NOT NULL,
	-- local wall time of the place of service, "2026-03-03T09:00"
	slot         TEXT NOT NULL CHECK (slot GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]'),
	created_us   INTEGER NOT NULL,
	UNIQUE (tenant_id, booking_key),
	UNIQUE (tenant_id, slot)
);

CREATE INDEX appointment_call ON appointment (tenant_id, call_id);
