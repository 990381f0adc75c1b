"""Reorganisations: dated changes of governments, entered ahead and applied on their day."""

from collections.abc import Sequence

from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = """
CREATE TABLE reorganisation (
    id bigint GENERATED ALWAYS AS IDENTITY,
    effective_on date NOT NULL,
    number text NOT NULL,
    issued_on date,
    issuer text NOT NULL,
    subject text NOT NULL,
    changes jsonb NOT NULL,
    area_id bigint,
    entered_at timestamptz NOT NULL,
    entered_by text NOT NULL,
    applied_at timestamptz,
    effects jsonb,
    version bigint NOT NULL DEFAULT '1',
    CONSTRAINT reorganisation_pkey PRIMARY KEY (id),
    CONSTRAINT reorganisation_area_id_fkey FOREIGN KEY (area_id) REFERENCES agency (id),
    CONSTRAINT reorganisation_area_id_number_effective_on_key
        UNIQUE NULLS NOT DISTINCT (area_id, number, effective_on),
    CONSTRAINT reorganisation_applied_check CHECK ((applied_at IS NULL) = (effects IS NULL))
);

ALTER TABLE agency ADD COLUMN taken_over_by_id bigint;
ALTER TABLE agency ADD CONSTRAINT agency_taken_over_by_id_fkey
    FOREIGN KEY (taken_over_by_id) REFERENCES agency (id);

-- Until now nothing said whether a successor took all of its predecessor. One successor did.
ALTER TABLE agency_succession ADD COLUMN whole boolean NOT NULL DEFAULT true;
UPDATE agency_succession s SET whole = false WHERE EXISTS (
    SELECT FROM agency_succession other
    WHERE other.predecessor_id = s.predecessor_id AND other.successor_id <> s.successor_id
);
ALTER TABLE agency_succession ALTER COLUMN whole DROP DEFAULT;
ALTER TABLE agency_succession ADD COLUMN reorganisation_id bigint;
ALTER TABLE agency_succession ADD CONSTRAINT agency_succession_reorganisation_id_fkey
    FOREIGN KEY (reorganisation_id) REFERENCES reorganisation (id);

ALTER TABLE obligation ADD COLUMN moved_at timestamptz;
"""
DROP_TABLES = """
ALTER TABLE obligation DROP COLUMN moved_at;
ALTER TABLE agency_succession DROP COLUMN reorganisation_id;
ALTER TABLE agency_succession DROP COLUMN whole;
ALTER TABLE agency DROP COLUMN taken_over_by_id;
DROP TABLE reorganisation;
"""

# An agency that ended within a period was expected to report until its obligation moved to a
# successor: an aggregate as of an earlier instant keeps its coverage.
REPLACE_REPORTS_AS_OF = """
DO $$
DECLARE
    definition text := pg_get_functiondef('reports_as_of'::regproc);
BEGIN
    ASSERT position('{old}' IN definition) > 0;
    EXECUTE replace(definition, '{old}', '{new}');
END $$;
"""
EXISTED = "exists_on(a.*, p.data_to)"
EXPECTED = "exists_on(a.*, p.data_to) OR (o.moved_at > reports_as_of.as_of)"


def upgrade() -> None:
    _execute_script(TABLES)
    _execute_script(REPLACE_REPORTS_AS_OF.replace("{old}", EXISTED).replace("{new}", EXPECTED))


def downgrade() -> None:
    _execute_script(REPLACE_REPORTS_AS_OF.replace("{old}", EXPECTED).replace("{new}", EXISTED))
    _execute_script(DROP_TABLES)


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
