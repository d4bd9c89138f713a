"""Going back through migrations that made tenant tables."""

from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.models import BaseConstraint, Model, UniqueConstraint


class SchemaEditor(DatabaseSchemaEditor):
    def remove_constraint(self, model: type[Model], constraint: BaseConstraint) -> None:
        """Remove a constraint; the key of a tenant table goes with the references to it.

        The wall needs the key as long as the table lives, so only the way back of the migration
        that made the table removes it, and the tables that refer to it go in the same step.
        """
        if isinstance(constraint, UniqueConstraint) and constraint.fields == ("business", "id"):
            table, name = self.quote_name(model._meta.db_table), self.quote_name(constraint.name)
            self.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")
            return
        super().remove_constraint(model, constraint)
