DROP TABLE demo_marks;
