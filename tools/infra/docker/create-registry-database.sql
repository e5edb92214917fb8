-- The schema registry keeps its tables in a database of its own, beside the product's.
CREATE DATABASE registry;
