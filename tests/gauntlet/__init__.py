"""Random plans of faults against whole nights: afterwards one clean run leaves what a run without faults leaves."""
