"""Plans for weeks of work: asked for, made by the solver, compared with the plan in force, published, taken back."""
