// Nothing to declare: see module.modulemap.
